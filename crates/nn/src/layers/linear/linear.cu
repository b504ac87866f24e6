// What follows the product of a fully connected layer: ReLU. blockIdx.y is the model.

// out[m][i] = max(out[m][i], 0), NaN stays NaN; passed[m][i] says whether it was above 0.
extern "C" __global__ void linear_relu(float *out, unsigned char *passed, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    size_t own = (size_t)blockIdx.y * length + at;
    float value = out[own];
    passed[own] = value > 0.0f;
    out[own] = value < 0.0f ? 0.0f : value;
}

// cut[m][i] = the gradient where the output passed, else 0.
extern "C" __global__ void linear_relu_back(float *cut, const float *grad, const unsigned char *passed, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    size_t own = (size_t)blockIdx.y * length + at;
    cut[own] = passed[own] ? grad[own] : 0.0f;
}
