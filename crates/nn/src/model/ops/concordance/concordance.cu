// One minus the concordance correlation (Lin, 1989) of predictions [models, rows] and targets, which are not numbers where
// they are not known.

// For each model its loss, and four moments: means of predictions and targets, the correlation, and its denominator times
// the number of targets; 0 where nothing is left to gain.
extern "C" __global__ void concordance_moments(
    double *losses, double *moments, const float *predictions, const float *targets, const double *scales, int models,
    int rows) {
    int model = blockIdx.x * blockDim.x + threadIdx.x;
    if (model >= models) return;
    const float *x = predictions + (size_t)model * rows, *y = targets + (size_t)model * rows;
    double scale = scales[model], mean_x = 0.0, mean_y = 0.0;
    for (int row = 0; row < rows; row++) {
        if (y[row] != y[row]) continue;
        mean_x += x[row];
        mean_y += y[row];
    }
    mean_x *= scale;
    mean_y *= scale;
    double covariance = 0.0, variances = 0.0;
    for (int row = 0; row < rows; row++) {
        if (y[row] != y[row]) continue;
        double a = x[row] - mean_x, b = y[row] - mean_y;
        covariance += a * b;
        variances += a * a + b * b;
    }
    double apart = mean_x - mean_y;
    double denominator = scale * variances + apart * apart;
    double ccc = denominator == 0.0 ? 1.0 : 2.0 * scale * covariance / denominator;
    losses[model] = 1.0 - ccc;
    double *own = moments + (size_t)model * 4;
    own[0] = mean_x;
    own[1] = mean_y;
    own[2] = ccc;
    own[3] = denominator == 0.0 ? 0.0 : denominator / scale;
}

// The slope of each prediction. blockIdx.y is the model.
extern "C" __global__ void concordance_slopes(
    float *slopes, const double *moments, const float *predictions, const float *targets, int rows) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t at = (size_t)blockIdx.y * rows + row;
    const double *own = moments + (size_t)blockIdx.y * 4;
    double target = targets[at], slope = 0.0;
    if (target == target && own[3] != 0.0) {
        double a = predictions[at] - own[0], b = target - own[1], apart = own[0] - own[1];
        // d(2c/d) = 2 dc/d - 2c dd/d^2, with dc = (y - m_y)/n and dd = 2 ((x - m_x) + (m_x - m_y))/n.
        slope = -2.0 * (b - own[2] * (a + apart)) / own[3];
    }
    slopes[at] = (float)slope;
}
