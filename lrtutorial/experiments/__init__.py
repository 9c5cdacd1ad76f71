"""The experiments of Part C: small, seeded, honest; one module per notebook, each ending in a picture with
alt text.

`c1_why_rate_matters` … `c6_sgd_vs_adam` hold the experiments. They share `network` (a perceptron in NumPy
that trains many
runs side by side), `descent` (the one training loop), `results` (pictures, tables, sliders) and `progress`
(the bar).
"""
