// Backward pass of gradient reversal (Ganin et al., 2016); forward it is the identity. blockIdx.y is the model.

// grad_x[m] -= lambda[m] * grad_out[m].
extern "C" __global__ void grad_reverse_back(float *grad_x, const float *grad_out, const float *lambda, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    size_t own = (size_t)blockIdx.y * length + at;
    grad_x[own] -= lambda[blockIdx.y] * grad_out[own];
}
