"""Right answers to Part B, each written in another way: what mutants are made of."""

B1 = {
    "zip and in place": """
class SGD:
    def __init__(self, params, lr):
        self.params = params
        self.lr = lr

    def step(self, grads):
        for p, g in zip(self.params, grads):
            p -= self.lr * g

class MomentumSGD:
    def __init__(self, params, lr, momentum=0.9):
        self.params = params
        self.lr = lr
        self.momentum = momentum
        self.v = [np.zeros_like(p) for p in params]

    def step(self, grads):
        for p, g, v in zip(self.params, grads, self.v):
            v *= self.momentum
            v += g
            p -= self.lr * v
""",
    "index": """
class SGD:
    def __init__(self, params, lr):
        self.params, self.lr = params, lr

    def step(self, grads):
        for i in range(len(self.params)):
            self.params[i] -= self.lr * grads[i]

class MomentumSGD:
    def __init__(self, params, lr, momentum=0.9):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.velocity = []
        for p in params:
            self.velocity.append(np.zeros(p.shape, dtype=p.dtype))

    def step(self, grads):
        for i in range(len(self.params)):
            self.velocity[i] = self.momentum * self.velocity[i] + grads[i]
            self.params[i] -= self.lr * self.velocity[i]
""",
    "a base class": """
class Base:
    def __init__(self, params, lr):
        self.params = list(params)
        self.lr = lr

    def move(self, i, direction):
        self.params[i][...] = self.params[i] - self.lr * direction

class SGD(Base):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, g)

class MomentumSGD(Base):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr)
        self.mu = momentum
        self.v = [0.0] * len(params)

    def step(self, grads):
        for i, g in enumerate(grads):
            self.v[i] = g + self.mu * self.v[i]
            self.move(i, self.v[i])
""",
    "subtract": '''
class SGD:
    """Plain gradient descent."""
    def __init__(self, params, lr):
        self.theta = params
        self.lr = lr

    def step(self, grads):
        for theta, grad in zip(self.theta, grads):
            change = -self.lr * grad
            np.add(theta, change, out=theta)

class MomentumSGD:
    """Heavy ball."""
    def __init__(self, params, lr, momentum=0.9):
        self.theta = params
        self.lr = lr
        self.beta = momentum
        self.buf = None

    def step(self, grads):
        if self.buf is None:
            self.buf = [np.zeros_like(t) for t in self.theta]
        for k, grad in enumerate(grads):
            self.buf[k] = self.beta * self.buf[k] + grad
            self.theta[k] += -self.lr * self.buf[k]
''',
    "a dictionary": """
class SGD:
    def __init__(self, params, lr):
        self.params = params
        self.lr = lr
    def step(self, grads):
        i = 0
        while i < len(grads):
            self.params[i] -= self.lr * grads[i]
            i += 1

class MomentumSGD:
    def __init__(self, params, lr, momentum=0.9):
        self.params = params
        self.lr = lr
        self.momentum = momentum
        self.state = {}
    def step(self, grads):
        for i, (p, g) in enumerate(zip(self.params, grads)):
            old = self.state.get(i, 0.0)
            new = self.momentum * old + g
            self.state[i] = new
            p -= self.lr * new
""",
    "a helper": """
def velocity_after(v, g, momentum):
    return momentum * v + g

class SGD:
    def __init__(self, params, lr):
        self.params = params
        self.lr = lr
    def step(self, grads):
        for p, g in zip(self.params, grads):
            p[...] = p - self.lr * g

class MomentumSGD:
    def __init__(self, params, lr, momentum=0.9):
        self.params = params
        self.lr = lr
        self.momentum = momentum
        self.vs = [np.zeros_like(p) for p in params]
    def step(self, grads):
        self.vs = [velocity_after(v, g, self.momentum) for v, g in zip(self.vs, grads)]
        for p, v in zip(self.params, self.vs):
            p[...] = p - self.lr * v
""",
}

_SIGNATURE = "def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):"
B2 = {
    "as in the paper": f"""
class Adam:
    {_SIGNATURE}
        self.params = params
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]
        self.t = 0

    def step(self, grads):
        self.t += 1
        for i, g in enumerate(grads):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g**2
            m_hat = self.m[i] / (1 - self.beta1**self.t)
            v_hat = self.v[i] / (1 - self.beta2**self.t)
            self.params[i] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
""",
    "in place": f"""
class Adam:
    {_SIGNATURE}
        self.params, self.lr, self.b1, self.b2, self.eps = params, lr, beta1, beta2, eps
        self.m = [np.zeros(p.shape, dtype=p.dtype) for p in params]
        self.v = [np.zeros(p.shape, dtype=p.dtype) for p in params]
        self.steps = 0

    def step(self, grads):
        self.steps += 1
        c1 = 1 - self.b1 ** self.steps
        c2 = 1 - self.b2 ** self.steps
        for p, g, m, v in zip(self.params, grads, self.m, self.v):
            m *= self.b1
            m += (1 - self.b1) * g
            v *= self.b2
            v += (1 - self.b2) * g * g
            p -= self.lr * (m / c1) / (np.sqrt(v / c2) + self.eps)
""",
    "counts late": f"""
class Adam:
    {_SIGNATURE}
        self.params = params
        self.lr, self.eps = lr, eps
        self.betas = (beta1, beta2)
        self.first = [0.0 for _ in params]
        self.second = [0.0 for _ in params]
        self.count = 1

    def step(self, grads):
        beta1, beta2 = self.betas
        for k in range(len(self.params)):
            grad = grads[k]
            self.first[k] = beta1 * self.first[k] + (1.0 - beta1) * grad
            self.second[k] = beta2 * self.second[k] + (1.0 - beta2) * np.square(grad)
            mean = self.first[k] / (1.0 - np.power(beta1, self.count))
            spread = np.sqrt(self.second[k] / (1.0 - np.power(beta2, self.count)))
            self.params[k][...] = self.params[k] - self.lr * mean / (spread + self.eps)
        self.count += 1
""",
    "running powers": f"""
class Adam:
    {_SIGNATURE}
        self.p = params
        self.lr = lr
        self.beta1, self.beta2 = beta1, beta2
        self.eps = eps
        self.state = [(np.zeros_like(x), np.zeros_like(x)) for x in params]
        self.power1 = 1.0
        self.power2 = 1.0

    def step(self, grads):
        self.power1 *= self.beta1
        self.power2 *= self.beta2
        new = []
        for x, g, (m, v) in zip(self.p, grads, self.state):
            m = m + (1 - self.beta1) * (g - m)
            v = v + (1 - self.beta2) * (g * g - v)
            new.append((m, v))
            direction = (m / (1 - self.power1)) / (np.sqrt(v / (1 - self.power2)) + self.eps)
            x -= self.lr * direction
        self.state = new
""",
    "methods": f"""
class Adam:
    {_SIGNATURE}
        self.params = list(params)
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.t = 0
        self.m = {{}}
        self.v = {{}}

    def corrected(self, average, beta):
        return average / (1 - beta ** self.t)

    def update(self, i, g):
        self.m[i] = self.beta1 * self.m.get(i, 0) + (1 - self.beta1) * g
        self.v[i] = self.beta2 * self.v.get(i, 0) + (1 - self.beta2) * g ** 2

    def step(self, grads):
        self.t = self.t + 1
        for i, g in enumerate(grads):
            self.update(i, g)
            top = self.corrected(self.m[i], self.beta1)
            bottom = self.corrected(self.v[i], self.beta2) ** 0.5
            self.params[i] -= self.lr * top / (bottom + self.eps)
""",
    "loops apart": f"""
class Adam:
    {_SIGNATURE}
        self.params = params
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.m = [np.zeros_like(q) for q in params]
        self.v = [np.zeros_like(q) for q in params]
        self.t = 0

    def step(self, grads):
        t = self.t + 1
        self.t = t
        a, b = self.beta1, self.beta2
        self.m = [a * m + (1 - a) * g for m, g in zip(self.m, grads)]
        self.v = [b * v + (1 - b) * g ** 2 for v, g in zip(self.v, grads)]
        for q, m, v in zip(self.params, self.m, self.v):
            mh = m / (1 - a ** t)
            vh = v / (1 - b ** t)
            step = self.lr * mh / (np.sqrt(vh) + self.eps)
            q -= step
""",
}

B3 = {
    "lists": """
def gradient(pos):
    return np.array([2 * pos[0], 20 * pos[1]])

def run_sgd(start, lr, steps):
    pos = np.array(start, dtype=float)
    path = [pos.copy()]
    for _ in range(steps):
        pos = pos - lr * gradient(pos)
        path.append(pos.copy())
    return np.array(path)

def run_momentum(start, lr, momentum, steps):
    pos = np.array(start, dtype=float)
    v = np.zeros(2)
    path = [pos.copy()]
    for _ in range(steps):
        v = momentum * v + gradient(pos)
        pos = pos - lr * v
        path.append(pos.copy())
    return np.array(path)

def run_rmsprop(start, lr, beta, eps, steps):
    pos = np.array(start, dtype=float)
    s = np.zeros(2)
    path = [pos.copy()]
    for _ in range(steps):
        g = gradient(pos)
        s = beta * s + (1 - beta) * g**2
        pos = pos - lr * g / (np.sqrt(s) + eps)
        path.append(pos.copy())
    return np.array(path)

def run_adam(start, lr, beta1, beta2, eps, steps):
    pos = np.array(start, dtype=float)
    m = np.zeros(2)
    v = np.zeros(2)
    path = [pos.copy()]
    for t in range(1, steps + 1):
        g = gradient(pos)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        pos = pos - lr * m_hat / (np.sqrt(v_hat) + eps)
        path.append(pos.copy())
    return np.array(path)
""",
    "an array of points": """
SCALE = np.array([2.0, 20.0])

def run_sgd(start, lr, steps):
    points = np.zeros((steps + 1, 2))
    points[0] = start
    for i in range(steps):
        points[i + 1] = points[i] - lr * SCALE * points[i]
    return points

def run_momentum(start, lr, momentum, steps):
    points = np.zeros((steps + 1, 2))
    points[0] = start
    velocity = 0.0
    for i in range(steps):
        velocity = momentum * velocity + SCALE * points[i]
        points[i + 1] = points[i] - lr * velocity
    return points

def run_rmsprop(start, lr, beta, eps, steps):
    points = np.zeros((steps + 1, 2))
    points[0] = start
    square = 0.0
    for i in range(steps):
        slope = SCALE * points[i]
        square = beta * square + (1 - beta) * slope * slope
        points[i + 1] = points[i] - lr * slope / (square ** 0.5 + eps)
    return points

def run_adam(start, lr, beta1, beta2, eps, steps):
    points = np.zeros((steps + 1, 2))
    points[0] = start
    mean, square = 0.0, 0.0
    for i in range(steps):
        slope = SCALE * points[i]
        mean = beta1 * mean + (1 - beta1) * slope
        square = beta2 * square + (1 - beta2) * slope * slope
        first = mean / (1 - beta1 ** (i + 1))
        second = square / (1 - beta2 ** (i + 1))
        points[i + 1] = points[i] - lr * first / (second ** 0.5 + eps)
    return points
""",
    "x and y apart": """
def run_sgd(start, lr, steps):
    x, y = float(start[0]), float(start[1])
    rows = [[x, y]]
    for k in range(steps):
        x -= lr * 2 * x
        y -= lr * 20 * y
        rows.append([x, y])
    return np.array(rows)

def run_momentum(start, lr, momentum, steps):
    x, y = float(start[0]), float(start[1])
    vx = vy = 0.0
    rows = [[x, y]]
    for k in range(steps):
        vx = momentum * vx + 2 * x
        vy = momentum * vy + 20 * y
        x -= lr * vx
        y -= lr * vy
        rows.append([x, y])
    return np.array(rows)

def run_rmsprop(start, lr, beta, eps, steps):
    x, y = float(start[0]), float(start[1])
    sx = sy = 0.0
    rows = [[x, y]]
    for k in range(steps):
        gx, gy = 2 * x, 20 * y
        sx = beta * sx + (1 - beta) * gx ** 2
        sy = beta * sy + (1 - beta) * gy ** 2
        x -= lr * gx / (np.sqrt(sx) + eps)
        y -= lr * gy / (np.sqrt(sy) + eps)
        rows.append([x, y])
    return np.array(rows)

def run_adam(start, lr, beta1, beta2, eps, steps):
    p = np.array([float(start[0]), float(start[1])])
    m, v = np.zeros_like(p), np.zeros_like(p)
    rows = [p.copy()]
    t = 0
    while t < steps:
        t += 1
        g = p * [2, 20]
        m += (1 - beta1) * (g - m)
        v += (1 - beta2) * (g ** 2 - v)
        p -= lr * (m / (1 - beta1 ** t)) / (np.sqrt(v / (1 - beta2 ** t)) + eps)
        rows.append(p.copy())
    return np.stack(rows)
""",
    "a shared loop": """
def grad(x):
    return np.array([2.0, 20.0]) * x

def trace(start, steps, move):
    x = np.asarray(start, dtype=np.float64).copy()
    out = np.empty((steps + 1, 2))
    out[0] = x
    for t in range(1, steps + 1):
        x = x - move(grad(x), t)
        out[t] = x
    return out

def run_sgd(start, lr, steps):
    return trace(start, steps, lambda g, t: lr * g)

def run_momentum(start, lr, momentum, steps):
    state = {"v": np.zeros(2)}
    def move(g, t):
        state["v"] = momentum * state["v"] + g
        return lr * state["v"]
    return trace(start, steps, move)

def run_rmsprop(start, lr, beta, eps, steps):
    state = {"s": np.zeros(2)}
    def move(g, t):
        state["s"] = beta * state["s"] + (1 - beta) * g * g
        return lr * g / (np.sqrt(state["s"]) + eps)
    return trace(start, steps, move)

def run_adam(start, lr, beta1, beta2, eps, steps):
    state = {"m": np.zeros(2), "v": np.zeros(2)}
    def move(g, t):
        state["m"] = beta1 * state["m"] + (1 - beta1) * g
        state["v"] = beta2 * state["v"] + (1 - beta2) * g * g
        m_hat = state["m"] / (1 - beta1 ** t)
        v_hat = state["v"] / (1 - beta2 ** t)
        return lr * m_hat / (np.sqrt(v_hat) + eps)
    return trace(start, steps, move)
""",
    "matrix": """
A = np.diag([2.0, 20.0])

def run_sgd(start, lr, steps):
    w = np.array(start) * 1.0
    history = np.zeros((steps + 1, 2))
    for i in range(steps + 1):
        history[i] = w
        w = w - lr * (A @ w)
    return history

def run_momentum(start, lr, momentum, steps):
    w, u = np.array(start) * 1.0, np.zeros(2)
    history = np.zeros((steps + 1, 2))
    for i in range(steps + 1):
        history[i] = w
        u = momentum * u + A @ w
        w = w - lr * u
    return history

def run_rmsprop(start, lr, beta, eps, steps):
    w, s = np.array(start) * 1.0, np.zeros(2)
    history = np.zeros((steps + 1, 2))
    for i in range(steps + 1):
        history[i] = w
        g = A @ w
        s = beta * s + (1 - beta) * np.square(g)
        w = w - lr * g / (np.sqrt(s) + eps)
    return history

def run_adam(start, lr, beta1, beta2, eps, steps):
    w, m, s = np.array(start) * 1.0, np.zeros(2), np.zeros(2)
    history = np.zeros((steps + 1, 2))
    for i in range(steps + 1):
        history[i] = w
        g = A @ w
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * np.square(g)
        rate = lr / (1 - beta1 ** (i + 1))
        w = w - rate * m / (np.sqrt(s / (1 - beta2 ** (i + 1))) + eps)
    return history
""",
    "in place": """
def slope(x, y):
    return np.array([2 * x, 10 * 2 * y])

def run_sgd(start, lr, steps):
    theta = np.array(start, dtype=float)
    result = [theta.copy()]
    for n in range(steps):
        theta -= lr * slope(*theta)
        result.append(theta.copy())
    return np.vstack(result)

def run_momentum(start, lr, momentum, steps):
    theta = np.array(start, dtype=float)
    v = np.zeros(2)
    result = [theta.copy()]
    for n in range(steps):
        v *= momentum
        v += slope(*theta)
        theta -= lr * v
        result.append(theta.copy())
    return np.vstack(result)

def run_rmsprop(start, lr, beta, eps, steps):
    theta = np.array(start, dtype=float)
    s = np.zeros(2)
    result = [theta.copy()]
    for n in range(steps):
        g = slope(*theta)
        s *= beta
        s += (1 - beta) * g ** 2
        theta -= lr * g / (s ** 0.5 + eps)
        result.append(theta.copy())
    return np.vstack(result)

def run_adam(start, lr, beta1, beta2, eps, steps):
    theta = np.array(start, dtype=float)
    m, v = np.zeros(2), np.zeros(2)
    result = [theta.copy()]
    for n in range(steps):
        g = slope(*theta)
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g ** 2
        scale1 = 1 - beta1 ** (n + 1)
        scale2 = 1 - beta2 ** (n + 1)
        theta -= lr * (m / scale1) / ((v / scale2) ** 0.5 + eps)
        result.append(theta.copy())
    return np.vstack(result)
""",
}

_PLOT = """
    def plot_schedule(self, total_epochs=100):
        epochs = np.arange(total_epochs)
        rates = [self.get_lr(int(e)) for e in epochs]
        plt.figure()
        plt.plot(epochs, rates)
        plt.xlabel("epoch")
        plt.ylabel("learning rate")
        return rates
"""
_SCHEDULE = "class CosineAnnealingWarmRestarts:\n    def __init__(self, lr_max, lr_min=0, T_0=10, T_mult=2):"
B5 = {
    "subtract": f"""
{_SCHEDULE}
        self.lr_max = lr_max
        self.lr_min = lr_min
        self.T_0 = T_0
        self.T_mult = T_mult

    def get_lr(self, epoch):
        T_i = self.T_0
        T_cur = epoch
        while T_cur >= T_i:
            T_cur = T_cur - T_i
            T_i = T_i * self.T_mult
        return self.lr_min + 0.5 * (self.lr_max - self.lr_min) * (1 + np.cos(np.pi * T_cur / T_i))
{_PLOT}""",
    "start and length": f"""
{_SCHEDULE}
        self.high, self.low, self.first, self.factor = lr_max, lr_min, T_0, T_mult

    def get_lr(self, epoch):
        start, length = 0, self.first
        while start + length <= epoch:
            start += length
            length *= self.factor
        done = (epoch - start) / length
        height = self.high - self.low
        return self.low + height * (1 + np.cos(np.pi * done)) / 2
{_PLOT}""",
    "modulo for one": f"""
{_SCHEDULE}
        self.lr_max = lr_max
        self.lr_min = lr_min
        self.T_0 = T_0
        self.T_mult = T_mult

    def get_lr(self, epoch):
        if self.T_mult == 1:
            cur = epoch % self.T_0
            period = self.T_0
        else:
            period = self.T_0
            cur = epoch
            while cur >= period:
                cur -= period
                period *= self.T_mult
        cosine = np.cos(np.pi * cur / period)
        return self.lr_min + (self.lr_max - self.lr_min) * (1 + cosine) / 2
{_PLOT}""",
    "a helper method": f"""
{_SCHEDULE}
        self.lr_max = lr_max
        self.lr_min = lr_min
        self.T_0 = T_0
        self.T_mult = T_mult

    def position(self, epoch):
        period, left = self.T_0, epoch
        while left >= period:
            left -= period
            period *= self.T_mult
        return left / period

    def get_lr(self, epoch):
        half_wave = 0.5 * (1 + np.cos(np.pi * self.position(epoch)))
        return half_wave * self.lr_max + (1 - half_wave) * self.lr_min
{_PLOT}""",
    "for loop": f"""
{_SCHEDULE}
        self.lr_max, self.lr_min = lr_max, lr_min
        self.T_0, self.T_mult = T_0, T_mult

    def get_lr(self, epoch):
        period = self.T_0
        end = self.T_0
        for _ in range(int(epoch) + 1):
            if epoch < end:
                break
            period = period * self.T_mult
            end = end + period
        t = epoch - (end - period)
        angle = np.pi * t / period
        return self.lr_min + (self.lr_max - self.lr_min) * np.cos(angle / 2) ** 2
{_PLOT}""",
    "true loop": f"""
{_SCHEDULE}
        self.max = lr_max
        self.min = lr_min
        self.T = T_0
        self.mult = T_mult

    def get_lr(self, epoch):
        T = self.T
        e = epoch
        while True:
            if e < T:
                break
            e = e - T
            T = T * self.mult
        amplitude = (self.max - self.min) / 2
        middle = (self.max + self.min) / 2
        return middle + amplitude * np.cos(np.pi * e / T)
{_PLOT}""",
}

_SWEEP = "def lr_range_test(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100):"
_SHOW = """
    plt.figure()
    plt.semilogx(lrs, losses)
    plt.xlabel("learning rate")
    plt.ylabel("loss")
"""
_IMPORTS = "import copy\nimport itertools\nimport math\nimport torch\nfrom torch import nn\n"
B4 = {
    "try and finally": f"""
{_IMPORTS}
{_SWEEP}
    state = copy.deepcopy(model.state_dict())
    training = model.training
    rng = torch.get_rng_state()
    optimizer = torch.optim.SGD(model.parameters(), lr=min_lr)
    criterion = nn.CrossEntropyLoss()
    factor = (max_lr / min_lr) ** (1 / num_steps)
    lrs, losses = [], []
    lr = min_lr
    model.train()
    batches = iter(train_loader)
    try:
        for step in range(num_steps):
            try:
                x, y = next(batches)
            except StopIteration:
                batches = iter(train_loader)
                x, y = next(batches)
            for group in optimizer.param_groups:
                group["lr"] = lr
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            lrs.append(lr)
            losses.append(loss.item())
            if not math.isfinite(losses[-1]) or losses[-1] > 4 * losses[0]:
                break
            loss.backward()
            optimizer.step()
            lr = lr * factor
    finally:
        model.load_state_dict(state)
        model.train(training)
        torch.set_rng_state(rng)
    suggested = lrs[int(np.nanargmin(losses))] / 10
{_SHOW}
    return lrs, losses, suggested
""",
    "rates first": f"""
{_IMPORTS}
{_SWEEP}
    kept = [p.detach().clone() for p in model.parameters()]
    buffers = [b.clone() for b in model.buffers()]
    mode = model.training
    seed = torch.get_rng_state()
    rates = [min_lr * (max_lr / min_lr) ** (i / num_steps) for i in range(num_steps)]
    lrs, losses = [], []
    model.train(True)
    try:
        data = itertools.chain.from_iterable(itertools.repeat(train_loader))
        for rate, (x, y) in zip(rates, data):
            loss = nn.functional.cross_entropy(model(x), y)
            value = float(loss)
            lrs.append(rate)
            losses.append(value)
            if math.isnan(value) or value > 4 * losses[0] or value == math.inf:
                break
            model.zero_grad()
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= rate * p.grad
    finally:
        with torch.no_grad():
            for p, old in zip(model.parameters(), kept):
                p.copy_(old)
            for b, old in zip(model.buffers(), buffers):
                b.copy_(old)
        model.train(mode)
        torch.set_rng_state(seed)
    best = min(range(len(losses)), key=lambda i: losses[i] if losses[i] == losses[i] else math.inf)
    suggested = lrs[best] / 10
{_SHOW}
    return lrs, losses, suggested
""",
    "on a copy": f"""
{_IMPORTS}
{_SWEEP}
    rng = torch.get_rng_state()
    trial = copy.deepcopy(model)
    trial.train()
    optimizer = torch.optim.SGD(trial.parameters(), lr=min_lr)
    lrs = []
    losses = []
    i = 0
    try:
        while i < num_steps:
            for x, y in train_loader:
                lr = min_lr * (max_lr / min_lr) ** (i / num_steps)
                optimizer.param_groups[0]["lr"] = lr
                loss = nn.functional.cross_entropy(trial(x), y)
                lrs.append(lr)
                losses.append(loss.item())
                i += 1
                if i == num_steps or not loss.item() <= 4 * losses[0] or math.isinf(loss.item()):
                    i = num_steps
                    break
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    finally:
        torch.set_rng_state(rng)
    suggested = lrs[losses.index(min(losses))] / 10
{_SHOW}
    return lrs, losses, suggested
""",
    "helpers": f"""
{_IMPORTS}
def endless(loader):
    while True:
        for batch in loader:
            yield batch

def exploded(losses):
    return not np.isfinite(losses[-1]) or losses[-1] > 4 * losses[0]

{_SWEEP}
    before = {{name: value.clone() for name, value in model.state_dict().items()}}
    was_training, random_state = model.training, torch.get_rng_state()
    optimizer = torch.optim.SGD(model.parameters(), lr=min_lr)
    lrs, losses = [], []
    growth = np.exp(np.log(max_lr / min_lr) / num_steps)
    model.train()
    try:
        for n, (inputs, labels) in enumerate(endless(train_loader)):
            if n == num_steps:
                break
            rate = min_lr * growth ** n
            optimizer.param_groups[0]["lr"] = rate
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), labels)
            lrs.append(rate)
            losses.append(loss.item())
            if exploded(losses):
                break
            loss.backward()
            optimizer.step()
    finally:
        model.load_state_dict(before)
        model.train(was_training)
        torch.set_rng_state(random_state)
    lowest = int(np.nanargmin(losses))
    suggested = lrs[lowest] / 10
{_SHOW}
    return lrs, losses, suggested
""",
    "arrays": f"""
{_IMPORTS}
{_SWEEP}
    saved = copy.deepcopy(model.state_dict())
    training = model.training
    generator = torch.get_rng_state()
    schedule = np.geomspace(min_lr, max_lr, num_steps + 1)[:-1]
    losses = np.full(num_steps, np.nan)
    model.train()
    done = 0
    iterator = None
    try:
        for k in range(num_steps):
            batch = next(iterator, None) if iterator is not None else None
            if batch is None:
                iterator = iter(train_loader)
                batch = next(iterator)
            images, targets = batch
            loss = torch.nn.CrossEntropyLoss()(model(images), targets)
            losses[k] = loss.item()
            done = k + 1
            if np.isnan(losses[k]) or np.isinf(losses[k]) or losses[k] > 4 * losses[0]:
                break
            grads = torch.autograd.grad(loss, list(model.parameters()))
            with torch.no_grad():
                for weight, grad in zip(model.parameters(), grads):
                    weight.sub_(float(schedule[k]) * grad)
    finally:
        model.load_state_dict(saved)
        model.train(training)
        torch.set_rng_state(generator)
    lrs, losses = list(schedule[:done]), list(losses[:done])
    suggested = lrs[int(np.nanargmin(losses))] / 10
{_SHOW}
    return lrs, losses, suggested
""",
    "a context": f"""
{_IMPORTS}
from contextlib import contextmanager

@contextmanager
def lent(model):
    state, mode, rng = copy.deepcopy(model.state_dict()), model.training, torch.get_rng_state()
    try:
        model.train()
        yield model
    finally:
        model.load_state_dict(state)
        model.train(mode)
        torch.set_rng_state(rng)

{_SWEEP}
    lrs, losses = [], []
    with lent(model) as net:
        optimizer = torch.optim.SGD(net.parameters(), lr=min_lr)
        stream = itertools.chain.from_iterable(itertools.repeat(train_loader))
        for k in range(num_steps):
            x, y = next(stream)
            lr = min_lr * (max_lr / min_lr) ** (k / (num_steps - 1))
            optimizer.param_groups[0].update(lr=lr)
            loss = nn.CrossEntropyLoss()(net(x), y)
            losses.append(loss.item())
            lrs.append(lr)
            if not losses[-1] < 4 * losses[0] + 1e-12:
                break
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    suggested = lrs[int(np.nanargmin(losses))] / 10
{_SHOW}
    return lrs, losses, suggested
""",
}
