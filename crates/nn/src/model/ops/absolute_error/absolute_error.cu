// Mean absolute error of predictions [models, rows]. blockIdx.y is the model.

// losses[m][row] = scales[m] * |x - y| and its slope by x, 0 where both are equal; nothing where the target y is not a number.
extern "C" __global__ void absolute_error_rows(
    double *losses, float *slopes, const float *predictions, const float *targets, const double *scales, int rows) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t own = (size_t)blockIdx.y * rows + row;
    double target = targets[own], scale = scales[blockIdx.y];
    bool known = target == target;
    double error = known ? predictions[own] - target : 0.0;
    losses[own] = scale * fabs(error);
    double sign = error > 0.0 ? 1.0 : error < 0.0 ? -1.0 : error;
    slopes[own] = (float)(scale * sign);
}
