// Mean and standard deviation of each value over an utterance's frames [models, frames, width]. blockIdx.y is the model.
//
// Threads side by side take the columns of a row.

// pooled[m][u] = means, then deviations; the same in `statistics` for the way back.
extern "C" __global__ void statistics_pool(
    float *pooled, float *statistics, const float *frames, const int *first, const int *count, float epsilon,
    int utterances, int frames_all, int width, int shared) {
    int u = blockIdx.x * blockDim.y + threadIdx.y;
    if (u >= utterances) return;
    const float *own = frames + ((shared ? 0 : (size_t)blockIdx.y * frames_all) + first[u]) * width;
    size_t to = ((size_t)blockIdx.y * utterances + u) * 2 * width;
    float scale = 1.0f / count[u];
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        float sum = 0.0f;
        for (int t = 0; t < count[u]; t++) sum += own[(size_t)t * width + c];
        float mean = sum * scale;
        float squares = 0.0f;
        for (int t = 0; t < count[u]; t++) {
            float off = own[(size_t)t * width + c] - mean;
            squares += off * off;
        }
        float deviation = sqrtf(squares * scale + epsilon);
        pooled[to + c] = statistics[to + c] = mean;
        pooled[to + width + c] = statistics[to + width + c] = deviation;
    }
}

extern "C" __global__ void statistics_pool_back(
    float *grad_frames, const float *grad_pooled, const float *statistics, const float *frames,
    const int *utterance_of, const int *count, int utterances, int frames_all, int width) {
    int frame = blockIdx.x * blockDim.y + threadIdx.y;
    if (frame >= frames_all) return;
    int u = utterance_of[frame];
    size_t own = ((size_t)blockIdx.y * utterances + u) * 2 * width;
    size_t at = ((size_t)blockIdx.y * frames_all + frame) * width;
    float scale = 1.0f / count[u];
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        float slope = (frames[at + c] - statistics[own + c]) / statistics[own + width + c];
        grad_frames[at + c] = scale * (grad_pooled[own + c] + grad_pooled[own + width + c] * slope);
    }
}
