"""In a page nothing of the standard library's html is needed but this: its table of names takes room."""


def escape(text, quote=True):
    """Return the text with the characters that HTML gives a meaning written as entities."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#x27;") if quote else text
