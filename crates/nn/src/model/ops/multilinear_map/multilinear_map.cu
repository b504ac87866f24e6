// The multilinear map of embeddings and probabilities (Long et al., 2018, eq. 4). blockIdx.y is the model.

// mapped[m][row][c * width + i] = shares[m][row][c] x[m][row][i].
extern "C" __global__ void multilinear_map(
    float *mapped, const float *x, const float *shares, int rows, int width, int classes) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t own = (size_t)blockIdx.y * rows + row;
    for (int i = threadIdx.x; i < width; i += blockDim.x)
        for (int c = 0; c < classes; c++)
            mapped[(own * classes + c) * width + i] = shares[own * classes + c] * x[own * width + i];
}

// grad_x[m][row][i] += sum over c of shares[m][row][c] grad_mapped[m][row][c * width + i]; the shares are constants.
extern "C" __global__ void multilinear_map_back(
    float *grad_x, const float *grad_mapped, const float *shares, int rows, int width, int classes) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t own = (size_t)blockIdx.y * rows + row;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        float sum = grad_x[own * width + i];
        for (int c = 0; c < classes; c++)
            sum += shares[own * classes + c] * grad_mapped[(own * classes + c) * width + i];
        grad_x[own * width + i] = sum;
    }
}
