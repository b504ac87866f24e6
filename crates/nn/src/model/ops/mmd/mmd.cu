// The maximum mean discrepancy by Gaussian kernels (Gretton et al., 2012; Long et al., 2015). blockIdx.y is the model.

// distances[m][i][j] = |x_i - x_j|^2; 0 where one of the rows belongs to no group.
extern "C" __global__ void mmd_distances(double *distances, const float *x, const int *groups, int rows, int width) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t first = (size_t)blockIdx.y * rows, i = first + row;
    for (int other = threadIdx.x; other < rows; other += blockDim.x) {
        size_t j = first + other;
        double sum = 0.0;
        for (int c = 0; groups[i] >= 0 && groups[j] >= 0 && c < width; c++) {
            double apart = (double)x[i * width + c] - x[j * width + c];
            sum += apart * apart;
        }
        distances[i * rows + other] = sum;
    }
}

// sums[m][row][g] = the sum of the row's distances from the rows of group g; `most` groups have room.
extern "C" __global__ void mmd_group_sums(
    double *sums, const double *distances, const int *groups, int rows, int most) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t first = (size_t)blockIdx.y * rows, i = first + row;
    for (int g = threadIdx.x; g < most; g += blockDim.x) {
        double sum = 0.0;
        for (int other = 0; other < rows; other++)
            if (groups[first + other] == g) sum += distances[i * rows + other];
        sums[i * most + g] = sum;
    }
}

// means[m][g][h] of groups g < h: the mean distance of all pairs of different rows of both.
extern "C" __global__ void mmd_means(
    double *means, const double *sums, const int *groups, const int *counts, int rows, int most) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    int g = at / most, h = at % most;
    if (at >= most * most || g >= h || h >= counts[blockIdx.y]) return;
    size_t first = (size_t)blockIdx.y * rows;
    double sum = 0.0, count = 0.0;
    for (int row = 0; row < rows; row++) {
        if (groups[first + row] != g && groups[first + row] != h) continue;
        sum += sums[(first + row) * most + g] + sums[(first + row) * most + h];
        count += 1.0;
    }
    // Each pair is in the sums of both its rows.
    means[(size_t)blockIdx.y * most * most + at] = sum / (count * (count - 1.0));
}

// Adds `weight` times the mean of the five kernels at a squared distance, and of their derivative by it.
static __device__ void add_mmd_kernels(double *value, double *slope, double distance, double mean, double weight) {
    // Where all embeddings are equal there is no discrepancy.
    if (mean == 0.0) return;
    double scale = 0.125;
    for (int k = 0; k < 5; k++) {
        double width = 2.0 * scale * mean;
        double own = 0.2 * weight * exp(-distance / width);
        *value += own;
        *slope -= own / width;
        scale *= 2.0;
    }
}

// What a pair of rows adds to the mean over all pairs of groups, half of it from either side, and minus the factor of the
// other's embedding in the derivative.
extern "C" __global__ void mmd_pairs(
    double *values, double *factors, const double *distances, const double *means, const int *groups, const int *sizes,
    const int *counts, int rows, int most) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t first = (size_t)blockIdx.y * rows, i = first + row;
    const double *mean = means + (size_t)blockIdx.y * most * most;
    double count = counts[blockIdx.y], all = 0.5 * count * (count - 1.0);
    int g = groups[i];
    for (int other = threadIdx.x; other < rows; other += blockDim.x) {
        size_t j = first + other, own = i * rows + other;
        int h = groups[j];
        double value = 0.0, slope = 0.0, distance = distances[own];
        if (row != other && g >= 0 && h >= 0 && g != h) {
            double weight = -1.0 / ((double)sizes[i] * sizes[j]) / all;
            add_mmd_kernels(&value, &slope, distance, mean[(size_t)min(g, h) * most + max(g, h)], weight);
        }
        for (int k = 0; row != other && g >= 0 && g == h && k < counts[blockIdx.y]; k++) {
            if (k == g) continue;
            double weight = 1.0 / (sizes[i] * (sizes[i] - 1.0)) / all;
            add_mmd_kernels(&value, &slope, distance, mean[(size_t)min(g, k) * most + max(g, k)], weight);
        }
        values[own] = value;
        // Of both sides, by the derivative 2 (x_i - x_j) of the distance.
        factors[own] = -4.0 * slope;
    }
}

// factors[m][i][i] = minus the sum of the others: the derivative is a sum of differences of embeddings.
extern "C" __global__ void mmd_diagonal(double *factors, int rows) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    double *own = factors + ((size_t)blockIdx.y * rows + row) * rows;
    double sum = 0.0;
    for (int other = 0; other < rows; other++)
        if (other != row) sum += own[other];
    own[row] = -sum;
}
