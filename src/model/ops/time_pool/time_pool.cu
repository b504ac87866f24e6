// One vector per utterance from its frames [models, frames, width], and the way back. blockIdx.y is the model.

// pooled[m][u][c] = mean over the utterance's frames.
extern "C" __global__ void time_mean(
    float *pooled, const float *frames, const int *first, const int *count, int utterances, int frames_all, int width) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t length = (size_t)utterances * width;
    if (at >= length) return;
    int u = at / width, c = at % width;
    const float *own = frames + ((size_t)blockIdx.y * frames_all + first[u]) * width + c;
    float sum = 0.0f;
    for (int t = 0; t < count[u]; t++) sum += own[(size_t)t * width];
    pooled[blockIdx.y * length + at] = sum * (1.0f / count[u]);
}

extern "C" __global__ void time_mean_back(
    float *grad_frames, const float *grad_pooled, const int *utterance_of, const int *count, int utterances,
    int frames_all, int width) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t length = (size_t)frames_all * width;
    if (at >= length) return;
    int u = utterance_of[at / width];
    float gradient = grad_pooled[((size_t)blockIdx.y * utterances + u) * width + at % width];
    grad_frames[blockIdx.y * length + at] = gradient * (1.0f / count[u]);
}

// The state that each direction reaches last: of the last frame forward in time, of the first one backward.
extern "C" __global__ void time_last(
    float *pooled, const float *frames, const int *first, const int *count, int utterances, int frames_all, int width,
    int units) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t length = (size_t)utterances * width;
    if (at >= length) return;
    int u = at / width, c = at % width;
    int frame = c < units ? first[u] + count[u] - 1 : first[u];
    pooled[blockIdx.y * length + at] = frames[((size_t)blockIdx.y * frames_all + frame) * width + c];
}

extern "C" __global__ void time_last_back(
    float *grad_frames, const float *grad_pooled, const int *utterance_of, const int *first, const int *count,
    int utterances, int frames_all, int width, int units) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t length = (size_t)frames_all * width;
    if (at >= length) return;
    int frame = at / width, c = at % width;
    int u = utterance_of[frame];
    int last = c < units ? first[u] + count[u] - 1 : first[u];
    float gradient = 0.0f;
    if (frame == last) gradient = grad_pooled[((size_t)blockIdx.y * utterances + u) * width + c];
    grad_frames[blockIdx.y * length + at] = gradient;
}
