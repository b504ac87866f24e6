// A weighted sum of the parts of a frame [models, rows, parts, width], and the way back. blockIdx.y is the model.

// shares[m] = softmax over the parts of weights[m]; one thread for each model.
extern "C" __global__ void weighted_sum_shares(float *shares, const float *weights, int models, int parts) {
    int model = blockIdx.x * blockDim.x + threadIdx.x;
    if (model >= models) return;
    const float *own = weights + (size_t)model * parts;
    float *to = shares + (size_t)model * parts;
    float largest = own[0];
    for (int part = 1; part < parts; part++) largest = fmaxf(largest, own[part]);
    float sum = 0.0f;
    for (int part = 0; part < parts; part++) {
        to[part] = expf(own[part] - largest);
        sum += to[part];
    }
    for (int part = 0; part < parts; part++) to[part] /= sum;
}

// out[m][row][c] = sum over the parts of share times value.
extern "C" __global__ void weighted_sum(
    float *out, const float *x, const float *shares, int rows, int width, int parts, int shared) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    const float *own = x + ((shared ? 0 : (size_t)blockIdx.y * rows) + row) * parts * width;
    const float *by = shares + (size_t)blockIdx.y * parts;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        float sum = 0.0f;
        for (int part = 0; part < parts; part++) sum += by[part] * own[(size_t)part * width + c];
        out[((size_t)blockIdx.y * rows + row) * width + c] = sum;
    }
}

// grad_x[m][row][part][c] = share times gradient.
extern "C" __global__ void weighted_sum_back(
    float *grad_x, const float *grad, const float *shares, int rows, int width, int parts) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t at = (size_t)blockIdx.y * rows + row;
    for (int k = threadIdx.x; k < parts * width; k += blockDim.x)
        grad_x[at * parts * width + k] = shares[(size_t)blockIdx.y * parts + k / width] * grad[at * width + k % width];
}

// First stage of the gradient of the shares: partial[m][chunk][part][c] sums value times gradient over `chunk_rows` rows.
extern "C" __global__ void weighted_sum_partial(
    float *partial, const float *x, const float *grad, int rows, int width, int parts, int chunks, int chunk_rows,
    int shared) {
    int chunk = blockIdx.x * blockDim.y + threadIdx.y;
    if (chunk >= chunks) return;
    int end = (chunk + 1) * chunk_rows < rows ? (chunk + 1) * chunk_rows : rows;
    for (int k = threadIdx.x; k < parts * width; k += blockDim.x) {
        float sum = 0.0f;
        for (int row = chunk * chunk_rows; row < end; row++) {
            size_t from = (shared ? 0 : (size_t)blockIdx.y * rows) + row;
            sum += x[from * parts * width + k] * grad[((size_t)blockIdx.y * rows + row) * width + k % width];
        }
        partial[((size_t)blockIdx.y * chunks + chunk) * parts * width + k] = sum;
    }
}

// of_shares[m][part] = sum over c of sums[m][part][c].
extern "C" __global__ void weighted_sum_of_shares(float *of_shares, const float *sums, int width, int parts) {
    int part = blockIdx.x * blockDim.x + threadIdx.x;
    if (part >= parts) return;
    size_t own = (size_t)blockIdx.y * parts + part;
    float sum = 0.0f;
    for (int c = 0; c < width; c++) sum += sums[own * width + c];
    of_shares[own] = sum;
}

// Adds to grad_weights[m][part] from the gradient of the shares.
extern "C" __global__ void weighted_sum_weights_back(
    float *grad_weights, const float *of_shares, const float *shares, int parts) {
    int part = blockIdx.x * blockDim.x + threadIdx.x;
    if (part >= parts) return;
    size_t model = (size_t)blockIdx.y * parts;
    float mean = 0.0f;
    for (int k = 0; k < parts; k++) mean += of_shares[model + k] * shares[model + k];
    grad_weights[model + part] += (of_shares[model + part] - mean) * shares[model + part];
}
