// Layer normalisation of rows [models, rows, width], and the way back (torch.nn.LayerNorm). blockIdx.y is the model.
//
// Where models share the rows that go in, so they do mean and deviation. The sums of a row are those of one thread, in
// the order of its values.

// moments[m][row] = mean, and one over the root of variance plus epsilon.
extern "C" __global__ void layer_norm_moments(float *moments, const float *x, float epsilon, int rows, int width) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t at = (size_t)blockIdx.y * rows + row;
    const float *own = x + at * width;
    float sum = 0.0f;
    for (int c = 0; c < width; c++) sum += own[c];
    float mean = sum / width;
    float squares = 0.0f;
    for (int c = 0; c < width; c++) squares += (own[c] - mean) * (own[c] - mean);
    moments[2 * at] = mean;
    moments[2 * at + 1] = 1.0f / sqrtf(squares / width + epsilon);
}

// out[m][row][c] = (x - mean) * factor * scale[m][c] + offset[m][c].
extern "C" __global__ void layer_norm(
    float *out, const float *x, const float *moments, const float *scale, const float *offset, int rows, int width,
    int shared) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t from = shared ? row : (size_t)blockIdx.y * rows + row;
    float mean = moments[2 * from], factor = moments[2 * from + 1];
    const float *own = x + from * width;
    float *to = out + ((size_t)blockIdx.y * rows + row) * width;
    size_t model = (size_t)blockIdx.y * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x)
        to[c] = (own[c] - mean) * factor * scale[model + c] + offset[model + c];
}

// sums[m][row] = the means over the row of g * scale, and of g * scale times what was normalised.
extern "C" __global__ void layer_norm_sums(
    float *sums, const float *grad, const float *x, const float *moments, const float *scale, int rows, int width) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t at = (size_t)blockIdx.y * rows + row;
    float mean = moments[2 * at], factor = moments[2 * at + 1];
    const float *own = x + at * width, *of_own = grad + at * width, *by = scale + (size_t)blockIdx.y * width;
    float sum = 0.0f, along = 0.0f;
    for (int c = 0; c < width; c++) {
        float g = of_own[c] * by[c];
        sum += g;
        along += g * ((own[c] - mean) * factor);
    }
    sums[2 * at] = sum / width;
    sums[2 * at + 1] = along / width;
}

// grad_x[m][row][c], from the sums of the row.
extern "C" __global__ void layer_norm_back(
    float *grad_x, const float *grad, const float *x, const float *moments, const float *sums, const float *scale,
    int rows, int width) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t at = (size_t)blockIdx.y * rows + row;
    float mean = moments[2 * at], factor = moments[2 * at + 1], sum = sums[2 * at], along = sums[2 * at + 1];
    const float *own = x + at * width, *of_own = grad + at * width, *by = scale + (size_t)blockIdx.y * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x)
        grad_x[at * width + c] = factor * (of_own[c] * by[c] - sum - (own[c] - mean) * factor * along);
}

// First stage of the gradients of scale and offset: partial sums [m][chunk][c] over `chunk_rows` rows.
extern "C" __global__ void layer_norm_partial(
    float *of_scale, float *of_offset, const float *grad, const float *x, const float *moments, int rows, int width,
    int chunks, int chunk_rows, int shared) {
    int chunk = blockIdx.x * blockDim.y + threadIdx.y;
    if (chunk >= chunks) return;
    int end = (chunk + 1) * chunk_rows < rows ? (chunk + 1) * chunk_rows : rows;
    size_t to = ((size_t)blockIdx.y * chunks + chunk) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        float products = 0.0f, sum = 0.0f;
        for (int row = chunk * chunk_rows; row < end; row++) {
            size_t from = shared ? row : (size_t)blockIdx.y * rows + row;
            float g = grad[((size_t)blockIdx.y * rows + row) * width + c];
            products += g * ((x[from * width + c] - moments[2 * from]) * moments[2 * from + 1]);
            sum += g;
        }
        of_scale[to + c] = products;
        of_offset[to + c] = sum;
    }
}
