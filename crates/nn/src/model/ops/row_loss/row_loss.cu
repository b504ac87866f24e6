// What rows of a batch lose, added up for each model, and the way back. blockIdx.y is the model.

// loss[m] = sum of its rows, in their order.
extern "C" __global__ void row_loss_total(float *loss, const double *losses, int models, int rows) {
    int model = blockIdx.x * blockDim.x + threadIdx.x;
    if (model >= models) return;
    double sum = 0.0;
    for (int row = 0; row < rows; row++) sum += losses[(size_t)model * rows + row];
    loss[model] = (float)sum;
}

// grad_x[m] += grad_loss[m] * slopes[m].
extern "C" __global__ void row_loss_back(float *grad_x, const float *grad_loss, const float *slopes, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    size_t own = (size_t)blockIdx.y * length + at;
    grad_x[own] += grad_loss[blockIdx.y] * slopes[own];
}

// grad[m] += weight[m]: each loss receives its weight in the total.
extern "C" __global__ void add_weights(float *grad, const float *weight, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    grad[at] += weight[at];
}
