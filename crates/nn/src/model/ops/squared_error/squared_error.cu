// Mean squared error of predictions [models, rows]. blockIdx.y is the model.

// losses[m][row] = scales[m] * (x - y)^2 and its slope by x; nothing where the target y is not a number.
extern "C" __global__ void squared_error_rows(
    double *losses, float *slopes, const float *predictions, const float *targets, const double *scales, int rows) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t own = (size_t)blockIdx.y * rows + row;
    double target = targets[own], scale = scales[blockIdx.y];
    bool known = target == target;
    double error = known ? predictions[own] - target : 0.0;
    losses[own] = scale * error * error;
    slopes[own] = (float)(scale * 2.0 * error);
}
