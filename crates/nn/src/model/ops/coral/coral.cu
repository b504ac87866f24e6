// Deep CORAL (Sun and Saenko, 2016) by the products of rows. blockIdx.y is the model.

// centred[m][row] = (x - mean of the row's group) / sqrt(n - 1), where the group has n rows; 0 in rows of no group.
extern "C" __global__ void coral_centred(
    double *centred, const float *x, const int *groups, const int *sizes, int rows, int width) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t first = (size_t)blockIdx.y * rows, own = first + row;
    int group = groups[own];
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        double sum = 0.0;
        for (int other = 0; group >= 0 && other < rows; other++)
            if (groups[first + other] == group) sum += x[(first + other) * width + c];
        double mean = sum / sizes[own];
        centred[own * width + c] = group < 0 ? 0.0 : (x[own * width + c] - mean) / sqrt(sizes[own] - 1.0);
    }
}

// With rows a and b of `centred`: values = f (a b)^2 / (4 d^2), and factors = f (a b) / (d^2 sqrt(n - 1) sqrt(m - 1)), where f is
// what the pair counts in the mean over pairs of groups: a pair within a group as often as there are other groups, one of two
// groups once, and with a minus sign.
//
// The derivative by an embedding is a sum of centred rows; their means take nothing away, as the products with the rows of a
// group add up to 0.
extern "C" __global__ void coral_pairs(
    double *values, double *factors, const double *centred, const int *groups, const int *sizes, const int *counts,
    int rows, int width) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t first = (size_t)blockIdx.y * rows, i = first + row;
    double count = counts[blockIdx.y], size = (double)width * width;
    for (int other = threadIdx.x; other < rows; other += blockDim.x) {
        size_t j = first + other, own = i * rows + other;
        values[own] = factors[own] = 0.0;
        if (groups[i] < 0 || groups[j] < 0) continue;
        double product = 0.0;
        for (int c = 0; c < width; c++) product += centred[i * width + c] * centred[j * width + c];
        double share = (groups[i] == groups[j] ? count - 1.0 : -1.0) / (0.5 * count * (count - 1.0));
        values[own] = share * product * product / (4.0 * size);
        factors[own] = share * product / (size * sqrt(sizes[i] - 1.0) * sqrt(sizes[j] - 1.0));
    }
}
