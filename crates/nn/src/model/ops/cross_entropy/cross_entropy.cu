// Softmax, and log-softmax with negative log-likelihood (torch.nn.functional.cross_entropy). blockIdx.y is the model.

// Row-wise softmax of [models, rows, classes].
extern "C" __global__ void softmax(float *out, const float *logits, int rows, int classes) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t own = ((size_t)blockIdx.y * rows + row) * classes;
    float largest = logits[own];
    for (int c = 1; c < classes; c++) largest = fmaxf(largest, logits[own + c]);
    float sum = 0.0f;
    for (int c = 0; c < classes; c++) {
        out[own + c] = (float)exp((double)(logits[own + c] - largest));
        sum += out[own + c];
    }
    for (int c = 0; c < classes; c++) out[own + c] /= sum;
}

// grad_logits += p (grad_p - sum of grad_p p).
extern "C" __global__ void softmax_back(float *grad_logits, const float *grad_out, const float *out, int rows, int classes) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t own = ((size_t)blockIdx.y * rows + row) * classes;
    float sum = 0.0f;
    for (int c = 0; c < classes; c++) sum += grad_out[own + c] * out[own + c];
    for (int c = 0; c < classes; c++) grad_logits[own + c] += out[own + c] * (grad_out[own + c] - sum);
}

// The loss of each row, divided by the weights' sum, and its slopes. targets [models, rows]: a negative one adds nothing.
//
// weights [classes] are the same for all models, or there are none; so are row_weights [models, rows]. scales [models] are one
// over the sum of the targets' weights.
extern "C" __global__ void cross_entropy_rows(
    double *losses, float *slopes, const float *logits, const int *targets, const float *weights,
    const double *row_weights, const double *scales, int rows, int classes) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t own = ((size_t)blockIdx.y * rows + row) * classes;
    int target = targets[(size_t)blockIdx.y * rows + row];
    if (target < 0) {
        losses[(size_t)blockIdx.y * rows + row] = 0.0;
        for (int c = 0; c < classes; c++) slopes[own + c] = 0.0f;
        return;
    }
    float largest = logits[own];
    for (int c = 1; c < classes; c++) largest = fmaxf(largest, logits[own + c]);
    double sum = 0.0;
    for (int c = 0; c < classes; c++) sum += exp((double)(logits[own + c] - largest));
    double factor = scales[blockIdx.y] * (weights ? (double)weights[target] : 1.0);
    if (row_weights) factor *= row_weights[(size_t)blockIdx.y * rows + row];
    losses[(size_t)blockIdx.y * rows + row] = factor * (log(sum) - (double)(logits[own + target] - largest));
    for (int c = 0; c < classes; c++) {
        double p = exp((double)(logits[own + c] - largest)) / sum;
        slopes[own + c] = (float)(factor * (c == target ? p - 1.0 : p));
    }
}

// scales[m] = one over the sum of the weights of the rows that have a target, in their order; 0 where none has.
extern "C" __global__ void cross_entropy_scales(
    double *scales, const int *targets, const double *row_weights, int models, int rows) {
    int model = blockIdx.x * blockDim.x + threadIdx.x;
    if (model >= models) return;
    double total = 0.0;
    for (size_t row = (size_t)model * rows; row < (size_t)(model + 1) * rows; row++)
        if (targets[row] >= 0) total += row_weights[row];
    scales[model] = total > 0.0 ? 1.0 / total : 0.0;
}
