//! Evaluation: metrics, confusion matrices and predictions.
