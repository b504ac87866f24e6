// Batch normalisation of rows [models, rows, width], and the way back (torch.nn.BatchNorm1d). blockIdx.y is the model.
//
// Sums over all rows of a batch are in double precision, in two stages: of `chunk_rows` rows each, in their order, then of
// the chunks in theirs.

// partial[m][chunk][c] = sum of x, or with a mean, of the squares of what it is off.
extern "C" __global__ void batch_norm_partial(
    double *partial, const float *x, const double *mean, int rows, int width, int chunks, int chunk_rows, int squares,
    int shared) {
    int chunk = blockIdx.x * blockDim.y + threadIdx.y;
    if (chunk >= chunks) return;
    int end = (chunk + 1) * chunk_rows < rows ? (chunk + 1) * chunk_rows : rows;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        double sum = 0.0;
        for (int row = chunk * chunk_rows; row < end; row++) {
            double value = x[((shared ? 0 : (size_t)blockIdx.y * rows) + row) * width + c];
            if (squares) {
                value -= mean[(size_t)blockIdx.y * width + c];
                value *= value;
            }
            sum += value;
        }
        partial[((size_t)blockIdx.y * chunks + chunk) * width + c] = sum;
    }
}

// means[m][c] = sum of the chunks over the rows there are.
extern "C" __global__ void batch_norm_mean(double *means, const double *partial, int rows, int width, int chunks) {
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= width) return;
    double sum = 0.0;
    for (int chunk = 0; chunk < chunks; chunk++) sum += partial[((size_t)blockIdx.y * chunks + chunk) * width + c];
    means[(size_t)blockIdx.y * width + c] = sum / rows;
}

// out[m][row][c] = (x - mean) / sqrt(variance + epsilon) * scale + offset.
extern "C" __global__ void batch_norm(
    float *out, const float *x, const double *mean, const double *variance, const float *scale, const float *offset,
    double epsilon, int rows, int width, int shared) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    const float *own = x + ((shared ? 0 : (size_t)blockIdx.y * rows) + row) * width;
    float *to = out + ((size_t)blockIdx.y * rows + row) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        size_t k = (size_t)blockIdx.y * width + c;
        float normalised = (float)((own[c] - mean[k]) * (1.0 / sqrt(variance[k] + epsilon)));
        to[c] = scale[k] * normalised + offset[k];
    }
}

// The same with running values, as predictions take them; a variance below 0 counts as 0.
extern "C" __global__ void batch_norm_running(
    float *out, const float *x, const float *mean, const float *variance, const float *scale, const float *offset,
    double epsilon, int rows, int width, int shared) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    const float *own = x + ((shared ? 0 : (size_t)blockIdx.y * rows) + row) * width;
    float *to = out + ((size_t)blockIdx.y * rows + row) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        size_t k = (size_t)blockIdx.y * width + c;
        double normalised = ((double)own[c] - mean[k]) * (1.0 / sqrt((double)fmaxf(variance[k], 0.0f) + epsilon));
        to[c] = (float)(scale[k] * normalised + offset[k]);
    }
}

// What the running mean and variance are after the step: moved by a share of `momentum` to those of the batch, the
// variance with divisor rows - 1, and not at all where the batch has one row.
extern "C" __global__ void batch_norm_move(
    float *new_mean, float *new_variance, const float *running_mean, const float *running_variance, const double *mean,
    const double *variance, double momentum, int rows, int width) {
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= width) return;
    size_t k = (size_t)blockIdx.y * width + c;
    new_mean[k] = (float)((1.0 - momentum) * running_mean[k] + momentum * mean[k]);
    if (rows > 1) {
        double unbiased = (double)rows / (rows - 1) * variance[k];
        new_variance[k] = (float)((1.0 - momentum) * running_variance[k] + momentum * unbiased);
    } else {
        new_variance[k] = running_variance[k];
    }
}

// First stage of the sums of the gradient, and of the gradient times what was normalised.
extern "C" __global__ void batch_norm_back_partial(
    double *sums, double *products, const float *grad, const float *x, const double *mean, const double *variance,
    double epsilon, int rows, int width, int chunks, int chunk_rows, int shared) {
    int chunk = blockIdx.x * blockDim.y + threadIdx.y;
    if (chunk >= chunks) return;
    int end = (chunk + 1) * chunk_rows < rows ? (chunk + 1) * chunk_rows : rows;
    size_t to = ((size_t)blockIdx.y * chunks + chunk) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        size_t k = (size_t)blockIdx.y * width + c;
        double centre = mean[k], factor = 1.0 / sqrt(variance[k] + epsilon);
        double sum = 0.0, product = 0.0;
        for (int row = chunk * chunk_rows; row < end; row++) {
            double g = grad[((size_t)blockIdx.y * rows + row) * width + c];
            double value = x[((shared ? 0 : (size_t)blockIdx.y * rows) + row) * width + c];
            sum += g;
            product += g * (double)(float)((value - centre) * factor);
        }
        sums[to + c] = sum;
        products[to + c] = product;
    }
}

// Second stage: the means over the rows, and the gradients of scale and offset, to which it adds.
extern "C" __global__ void batch_norm_back_total(
    double *mean_of_sums, double *mean_of_products, float *of_scale, float *of_offset, const double *sums,
    const double *products, int rows, int width, int chunks) {
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= width) return;
    double sum = 0.0, product = 0.0;
    for (int chunk = 0; chunk < chunks; chunk++) {
        size_t from = ((size_t)blockIdx.y * chunks + chunk) * width + c;
        sum += sums[from];
        product += products[from];
    }
    size_t k = (size_t)blockIdx.y * width + c;
    mean_of_sums[k] = sum / rows;
    mean_of_products[k] = product / rows;
    of_scale[k] += (float)product;
    of_offset[k] += (float)sum;
}

// grad_x[m][row][c], which runs through mean and variance too.
extern "C" __global__ void batch_norm_back(
    float *grad_x, const float *grad, const float *x, const double *mean, const double *variance,
    const double *mean_of_sums, const double *mean_of_products, const float *scale, double epsilon, int rows,
    int width) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t at = ((size_t)blockIdx.y * rows + row) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        size_t k = (size_t)blockIdx.y * width + c;
        double factor = 1.0 / sqrt(variance[k] + epsilon);
        double normalised = (float)((x[at + c] - mean[k]) * factor);
        double centred = grad[at + c] - mean_of_sums[k] - normalised * mean_of_products[k];
        grad_x[at + c] = (float)(scale[k] * factor * centred);
    }
}
