// The focal loss (Lin et al., 2017, eq. 5) of log-probabilities. blockIdx.y is the model.

// losses[m][row] = scales[m] * sum of -shares[c] weights[c] (1 - p_c)^gamma ln p_c, and its slopes by ln p_c. A row whose
// shares are negative is not known and adds nothing.
extern "C" __global__ void focal_rows(
    double *losses, double *slopes, const double *logs, const float *shares, const float *weights, const double *scales,
    double gamma, int rows, int classes) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t own = ((size_t)blockIdx.y * rows + row) * classes;
    bool known = shares[own] >= 0.0f;
    double loss = 0.0;
    for (int c = 0; c < classes; c++) {
        slopes[own + c] = 0.0;
        double weight = known ? scales[blockIdx.y] * shares[own + c] * weights[c] : 0.0;
        // A class without share adds nothing, however unlikely it is.
        if (weight == 0.0) continue;
        double log_p = logs[own + c], p = exp(log_p), rest = 1.0 - p;
        double factor = pow(rest, gamma);
        // d((1 - p)^g ln p) / d ln p = (1 - p)^g - g (1 - p)^(g - 1) p ln p; the second term is 0 at p = 1.
        double bend = rest > 0.0 ? gamma * pow(rest, gamma - 1.0) * p * log_p : 0.0;
        slopes[own + c] = -weight * (factor - bend);
        loss -= weight * factor * log_p;
    }
    losses[(size_t)blockIdx.y * rows + row] = loss;
}
