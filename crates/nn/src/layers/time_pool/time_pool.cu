// One vector per utterance from its frames [models, frames, width], and the way back. blockIdx.y is the model.
//
// Threads side by side take the columns of a row.

// pooled[m][u][c] = mean over the utterance's frames.
extern "C" __global__ void time_mean(
    float *pooled, const float *frames, const int *first, const int *count, int utterances, int frames_all, int width) {
    int u = blockIdx.x * blockDim.y + threadIdx.y;
    if (u >= utterances) return;
    const float *own = frames + ((size_t)blockIdx.y * frames_all + first[u]) * width;
    float *to = pooled + ((size_t)blockIdx.y * utterances + u) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        float sum = 0.0f;
        for (int t = 0; t < count[u]; t++) sum += own[(size_t)t * width + c];
        to[c] = sum * (1.0f / count[u]);
    }
}

extern "C" __global__ void time_mean_back(
    float *grad_frames, const float *grad_pooled, const int *utterance_of, const int *count, int utterances,
    int frames_all, int width) {
    int frame = blockIdx.x * blockDim.y + threadIdx.y;
    if (frame >= frames_all) return;
    int u = utterance_of[frame];
    const float *own = grad_pooled + ((size_t)blockIdx.y * utterances + u) * width;
    float *to = grad_frames + ((size_t)blockIdx.y * frames_all + frame) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) to[c] = own[c] * (1.0f / count[u]);
}

// The state that each direction reaches last: of the last frame forward in time, of the first one backward.
extern "C" __global__ void time_last(
    float *pooled, const float *frames, const int *first, const int *count, int utterances, int frames_all, int width,
    int units) {
    int u = blockIdx.x * blockDim.y + threadIdx.y;
    if (u >= utterances) return;
    const float *own = frames + ((size_t)blockIdx.y * frames_all + first[u]) * width;
    float *to = pooled + ((size_t)blockIdx.y * utterances + u) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x)
        to[c] = own[(c < units ? (size_t)(count[u] - 1) * width : 0) + c];
}

extern "C" __global__ void time_last_back(
    float *grad_frames, const float *grad_pooled, const int *utterance_of, const int *first, const int *count,
    int utterances, int frames_all, int width, int units) {
    int frame = blockIdx.x * blockDim.y + threadIdx.y;
    if (frame >= frames_all) return;
    int u = utterance_of[frame];
    const float *own = grad_pooled + ((size_t)blockIdx.y * utterances + u) * width;
    float *to = grad_frames + ((size_t)blockIdx.y * frames_all + frame) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        int last = c < units ? first[u] + count[u] - 1 : first[u];
        to[c] = frame == last ? own[c] : 0.0f;
    }
}
