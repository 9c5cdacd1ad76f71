"""What the notebooks of Parts A and C run and draw: small, seeded, honest; each picture carries its alt text.

One module per notebook: `a1_convergence` … `a5_optimal_rate` set a student's formula beside the method run
step by step (`answers` turns a formula into numbers, or into a sentence while there is none);
`c1_why_rate_matters` … `c6_sgd_vs_adam` hold Part C's experiments, and beside them stand the longer ones by their
subject: `width` (C1), `whitening` (C3), `held_out` and `schedules` (C4), `temperature` (C5), `preconditioned` and
`batch_size` (C6). `frames` is a slider over pictures drawn ahead. Shared are `network` (a perceptron in
NumPy that trains many runs side by side), `descent` (the one training loop), `results` (pictures, tables,
sliders) and `progress` (the bar).
"""
