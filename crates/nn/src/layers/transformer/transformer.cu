// The parts of an encoder layer of a transformer that are no fully connected layer or normalisation, for several models at
// once: positions, heads apart and together, softmax over all frames of an utterance.

// positions[t][c]: sine and cosine of t / 10000^(2 (c / 2) / width) (Vaswani et al., 2017).
extern "C" __global__ void transformer_positions(float *positions, int frames, int width) {
    int t = blockIdx.x * blockDim.y + threadIdx.y;
    if (t >= frames) return;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        double angle = t * exp(-9.210340371976184 * (c / 2 * 2) / width);
        positions[(size_t)t * width + c] = (float)(c % 2 == 0 ? sin(angle) : cos(angle));
    }
}

// out[m][row][c] = x + positions of the row's frame; blockIdx.y is the model.
extern "C" __global__ void transformer_add_positions(
    float *out, const float *x, const float *positions, const int *utterance_of, const int *first, int rows, int width,
    int shared) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    const float *own = x + ((shared ? 0 : (size_t)blockIdx.y * rows) + row) * width;
    const float *more = positions + (size_t)(row - first[utterance_of[row]]) * width;
    float *to = out + ((size_t)blockIdx.y * rows + row) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) to[c] = own[c] + more[c];
}

// sum[m][i] += more[m][i].
extern "C" __global__ void transformer_add(float *sum, const float *more, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    size_t own = (size_t)blockIdx.y * length + at;
    sum[own] += more[own];
}

// apart[which][m][head][row][d] = rows[m][row][which][head][d], or with `back`, the other way; blockIdx.y is the model.
extern "C" __global__ void transformer_heads(
    float *apart, float *rows_together, int rows, int whiches, int heads, int part, int back) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    int width = heads * part;
    float *own = rows_together + ((size_t)blockIdx.y * rows + row) * whiches * width;
    for (int k = threadIdx.x; k < whiches * width; k += blockDim.x) {
        int which = k / width, head = k % width / part, d = k % part;
        size_t group = ((size_t)which * gridDim.y + blockIdx.y) * heads + head;
        float *place = apart + (group * rows + row) * part + d;
        if (back) own[k] = *place;
        else *place = own[k];
    }
}

// From scores to weights, in place: softmax over the keys of scores[b][key][query] times `scale`; blockIdx.y is b.
extern "C" __global__ void transformer_softmax(float *scores, float scale, int keys, int queries) {
    int query = blockIdx.x * blockDim.x + threadIdx.x;
    if (query >= queries) return;
    float *own = scores + (size_t)blockIdx.y * keys * queries + query;
    float largest = own[0] * scale;
    for (int key = 1; key < keys; key++) largest = fmaxf(largest, own[(size_t)key * queries] * scale);
    float sum = 0.0f;
    for (int key = 0; key < keys; key++) {
        float value = expf(own[(size_t)key * queries] * scale - largest);
        own[(size_t)key * queries] = value;
        sum += value;
    }
    for (int key = 0; key < keys; key++) own[(size_t)key * queries] /= sum;
}

// From dL/d(weights) to dL/d(scores), in place.
extern "C" __global__ void transformer_softmax_back(
    float *grad, const float *weights, float scale, int keys, int queries) {
    int query = blockIdx.x * blockDim.x + threadIdx.x;
    if (query >= queries) return;
    size_t start = (size_t)blockIdx.y * keys * queries + query;
    float mean = 0.0f;
    for (int key = 0; key < keys; key++) {
        size_t own = start + (size_t)key * queries;
        mean += grad[own] * weights[own];
    }
    for (int key = 0; key < keys; key++) {
        size_t own = start + (size_t)key * queries;
        grad[own] = (grad[own] - mean) * weights[own] * scale;
    }
}
