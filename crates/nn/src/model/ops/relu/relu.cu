// max(x, 0) and its gradient.

extern "C" __global__ void relu(float *out, const float *x, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    out[at] = x[at] < 0.0f ? 0.0f : x[at];
}

extern "C" __global__ void relu_back(float *grad_x, const float *grad_out, const float *out, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    if (out[at] > 0.0f) grad_x[at] += grad_out[at];
}
