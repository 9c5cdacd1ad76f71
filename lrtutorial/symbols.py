"""The symbols of Part A, and what each is allowed to be.

>>> from lrtutorial.symbols import a, eta, x
>>> eta.is_real, eta.is_positive
(True, None)
"""

from __future__ import annotations

from sympy import Function, Symbol

a = Symbol("a", positive=True)  # curvature of f = a x²/2
x = Symbol("x", real=True)  # an iterate
x0 = Symbol("x0", real=True)  # the start
t = Symbol("t", integer=True, nonnegative=True)  # steps taken
k = Symbol("k", integer=True, nonnegative=True)  # an index of a sum, or an age in steps
eta = Symbol("eta", real=True)  # learning rate: real, not positive, so that forgetting 0 < eta can be seen
beta = Symbol("beta", real=True)  # momentum, or the decay of RMSprop's average; 0 <= beta < 1
epsilon = Symbol("epsilon", positive=True)
g = Symbol("g", real=True)  # the constant gradient of A3
g_seq = Function("g_seq")  # the gradient sequence of A2: g_seq(0), g_seq(1), …
v = Function("v")  # the velocity of A2, for its recursion: v(t - 1) is the one before
beta1, beta2 = Symbol("beta1", real=True), Symbol("beta2", real=True)
m_t = Symbol("m_t", real=True)
E_g = Symbol("E_g", real=True)  # E[g], the mean of a stationary gradient
lambda_max, lambda_min = Symbol("lambda_max", positive=True), Symbol("lambda_min", positive=True)
kappa = Symbol("kappa", positive=True)  # condition number, lambda_max / lambda_min
