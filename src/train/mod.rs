//! Training: the one loop, its batches, optimiser, early stopping and history.
