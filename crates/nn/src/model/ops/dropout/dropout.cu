// Dropout (Srivastava et al., 2014) whose mask is drawn on the device, the same bits as on the processor.
//
// The mask of a model is the key stream of ChaCha with 8 rounds under its seed, word by word; a word w drops its value
// where (w >> 8) * 2^-24 is below the probability. blockIdx.y is the model.

__device__ __forceinline__ unsigned int turn(unsigned int x, int by) { return (x << by) | (x >> (32 - by)); }

#define QUARTER(a, b, c, d)                                                                                           \
    a += b; d = turn(d ^ a, 16);                                                                                      \
    c += d; b = turn(b ^ c, 12);                                                                                      \
    a += b; d = turn(d ^ a, 8);                                                                                       \
    c += d; b = turn(b ^ c, 7);

// mask[m][i] = 0 or `scale`; each thread fills the 16 words of one block. keys: eight words per model.
extern "C" __global__ void dropout_mask(
    float *mask, const unsigned int *keys, int length, float probability, float scale) {
    unsigned int block = blockIdx.x * blockDim.x + threadIdx.x;
    if (block * 16 >= (unsigned int)length) return;
    const unsigned int *key = keys + blockIdx.y * 8;
    unsigned int start[16] = {0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u, key[0], key[1], key[2], key[3],
                              key[4],      key[5],      key[6],      key[7],      block,  0u,     0u,     0u};
    unsigned int x[16];
    for (int i = 0; i < 16; i++) x[i] = start[i];
    for (int round = 0; round < 4; round++) {
        QUARTER(x[0], x[4], x[8], x[12]);
        QUARTER(x[1], x[5], x[9], x[13]);
        QUARTER(x[2], x[6], x[10], x[14]);
        QUARTER(x[3], x[7], x[11], x[15]);
        QUARTER(x[0], x[5], x[10], x[15]);
        QUARTER(x[1], x[6], x[11], x[12]);
        QUARTER(x[2], x[7], x[8], x[13]);
        QUARTER(x[3], x[4], x[9], x[14]);
    }
    for (int i = 0; i < 16; i++) {
        int at = block * 16 + i;
        if (at >= length) break;
        float draw = (float)((x[i] + start[i]) >> 8) * 5.9604644775390625e-8f;
        mask[(size_t)blockIdx.y * length + at] = draw < probability ? 0.0f : scale;
    }
}

extern "C" __global__ void multiply(float *out, const float *x, const float *mask, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    out[at] = x[at] * mask[at];
}

extern "C" __global__ void multiply_back(float *grad_x, const float *grad_out, const float *mask, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    grad_x[at] += grad_out[at] * mask[at];
}
