// Cross-entropy with distributions over the classes, and label smoothing (Szegedy et al., 2016). blockIdx.y is the model.

// losses[m][row] = scales[m] * sum of -q[c] weights[c] ln p_c, where q are the shares smoothed to (1 - s) q + s / classes, and
// its slopes by ln p_c. A row whose shares are negative is not known and adds nothing.
extern "C" __global__ void soft_cross_entropy_rows(
    double *losses, double *slopes, const double *logs, const float *shares, const float *weights, const double *scales,
    double smoothing, int rows, int classes) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t own = ((size_t)blockIdx.y * rows + row) * classes;
    bool known = shares[own] >= 0.0f;
    double loss = 0.0;
    for (int c = 0; c < classes; c++) {
        double share = (1.0 - smoothing) * shares[own + c] + smoothing / classes;
        double slope = known ? -scales[blockIdx.y] * share * weights[c] : 0.0;
        slopes[own + c] = slope;
        // A class without share adds nothing, however unlikely it is.
        if (slope != 0.0) loss += slope * logs[own + c];
    }
    losses[(size_t)blockIdx.y * rows + row] = loss;
}
