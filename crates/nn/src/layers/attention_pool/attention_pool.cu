// Means of an utterance's frames with learned weights, and the way back. blockIdx.y is the model.
//
// Frames are [models, frames, width], weights and scores [models, frames, heads], pooled vectors
// [models, utterances, heads, width].

// hidden[m][i] = tanh(hidden[m][i]).
extern "C" __global__ void attention_tanh(float *hidden, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    size_t own = (size_t)blockIdx.y * length + at;
    hidden[own] = tanhf(hidden[own]);
}

// From dL/d(hidden) to dL/d(sum before tanh), in place.
extern "C" __global__ void attention_tanh_back(float *grad, const float *hidden, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    size_t own = (size_t)blockIdx.y * length + at;
    grad[own] *= 1.0f - hidden[own] * hidden[own];
}

// From scores to weights, in place: softmax over the frames of each utterance, for each head.
extern "C" __global__ void attention_weights(
    float *weights, const int *first, const int *count, int utterances, int frames_all, int heads) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= utterances * heads) return;
    int u = at / heads;
    float *own = weights + ((size_t)blockIdx.y * frames_all + first[u]) * heads + at % heads;
    float largest = own[0];
    for (int t = 1; t < count[u]; t++) largest = fmaxf(largest, own[(size_t)t * heads]);
    float sum = 0.0f;
    for (int t = 0; t < count[u]; t++) {
        float value = expf(own[(size_t)t * heads] - largest);
        own[(size_t)t * heads] = value;
        sum += value;
    }
    for (int t = 0; t < count[u]; t++) own[(size_t)t * heads] /= sum;
}

// pooled[m][u][head][c] = sum over the utterance's frames of weight times value.
extern "C" __global__ void attention_pool(
    float *pooled, const float *frames, const float *weights, const int *first, const int *count, int utterances,
    int frames_all, int width, int heads, int shared) {
    int u = blockIdx.x * blockDim.y + threadIdx.y;
    if (u >= utterances) return;
    const float *own = frames + ((shared ? 0 : (size_t)blockIdx.y * frames_all) + first[u]) * width;
    const float *by = weights + ((size_t)blockIdx.y * frames_all + first[u]) * heads;
    float *to = pooled + ((size_t)blockIdx.y * utterances + u) * heads * width;
    for (int k = threadIdx.x; k < heads * width; k += blockDim.x) {
        int head = k / width, c = k % width;
        float sum = 0.0f;
        for (int t = 0; t < count[u]; t++) sum += by[(size_t)t * heads + head] * own[(size_t)t * width + c];
        to[k] = sum;
    }
}

// along[m][frame][head] = the frame times the gradient of its utterance's vector.
extern "C" __global__ void attention_along(
    float *along, const float *frames, const float *grad_pooled, const int *utterance_of, int utterances,
    int frames_all, int width, int heads, int shared) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= frames_all * heads) return;
    int frame = at / heads;
    size_t u = (size_t)blockIdx.y * utterances + utterance_of[frame];
    const float *own = frames + ((shared ? 0 : (size_t)blockIdx.y * frames_all) + frame) * width;
    const float *grad = grad_pooled + (u * heads + at % heads) * width;
    float sum = 0.0f;
    for (int c = 0; c < width; c++) sum += own[c] * grad[c];
    along[(size_t)blockIdx.y * frames_all * heads + at] = sum;
}

// From `along` to dL/d(scores), in place.
extern "C" __global__ void attention_scores_back(
    float *along, const float *weights, const int *first, const int *count, int utterances, int frames_all,
    int heads) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= utterances * heads) return;
    int u = at / heads;
    size_t start = ((size_t)blockIdx.y * frames_all + first[u]) * heads + at % heads;
    float mean = 0.0f;
    for (int t = 0; t < count[u]; t++) mean += along[start + (size_t)t * heads] * weights[start + (size_t)t * heads];
    for (int t = 0; t < count[u]; t++) {
        size_t own = start + (size_t)t * heads;
        along[own] = weights[own] * (along[own] - mean);
    }
}

// grad_frames[m][frame][c] = sum over heads of weight times gradient of the utterance's vector.
extern "C" __global__ void attention_back(
    float *grad_frames, const float *grad_pooled, const float *weights, const int *utterance_of, int utterances,
    int frames_all, int width, int heads) {
    int frame = blockIdx.x * blockDim.y + threadIdx.y;
    if (frame >= frames_all) return;
    size_t at = (size_t)blockIdx.y * frames_all + frame;
    size_t u = (size_t)blockIdx.y * utterances + utterance_of[frame];
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        float sum = 0.0f;
        for (int head = 0; head < heads; head++)
            sum += weights[at * heads + head] * grad_pooled[(u * heads + head) * width + c];
        grad_frames[at * width + c] = sum;
    }
}
