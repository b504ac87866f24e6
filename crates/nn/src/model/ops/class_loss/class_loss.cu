// The frame of losses of class probabilities: log-probabilities, and slopes by logits. blockIdx.y is the model.

// logs = log softmax of logits [models, rows, classes].
extern "C" __global__ void class_logs(double *logs, const float *logits, int rows, int classes) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t own = ((size_t)blockIdx.y * rows + row) * classes;
    float largest = logits[own];
    for (int c = 1; c < classes; c++) largest = fmaxf(largest, logits[own + c]);
    double sum = 0.0;
    for (int c = 0; c < classes; c++) sum += exp((double)(logits[own + c] - largest));
    double log_of_sum = log(sum);
    for (int c = 0; c < classes; c++) logs[own + c] = (double)(logits[own + c] - largest) - log_of_sum;
}

// slopes by logits from those by log-probabilities: the derivative of log p_j by logit k is [j = k] - p_k. A row whose
// shares are negative is not known.
extern "C" __global__ void class_loss_slopes(
    float *slopes, const double *by_logs, const double *logs, const float *shares, int rows, int classes) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t own = ((size_t)blockIdx.y * rows + row) * classes;
    bool known = shares[own] >= 0.0f;
    double sum = 0.0;
    for (int c = 0; c < classes; c++) sum += by_logs[own + c];
    for (int c = 0; c < classes; c++)
        slopes[own + c] = known ? (float)(by_logs[own + c] - sum * exp(logs[own + c])) : 0.0f;
}
