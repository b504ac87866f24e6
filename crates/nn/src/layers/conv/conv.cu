// What surrounds the products of a convolution over time: max-pooling with bias and ReLU, for several models at once.
//
// Frames are channels-last: [models, rows, channels]. Tables of the batch say for each row which utterance it belongs
// to, -1 for the zeros between utterances, and for each utterance where its frames begin and how many there are: where
// the convolution reads them, after it, and after pooling. blockIdx.y is the model. Threads side by side take the
// columns of a row, so that nothing is divided. Every value is written by one thread, so results are the same bits each
// time.

// Mark of an output that ReLU has cut off, or that is none.
#define CUT 255

// output[m][row][c] = relu(max over the window of convolved + bias[m][c]); the first maximum wins, NaN stays NaN. Rows
// of no utterance are zeros.
extern "C" __global__ void conv_pool(
    float *output, unsigned char *arg_max, const float *convolved, const float *bias, const int *utterance_of,
    const int *pooled_first, const int *convolved_first, int rows, int convolved_rows, int channels, int width,
    int stride) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    int u = utterance_of[row];
    size_t own = ((size_t)blockIdx.y * rows + row) * channels;
    if (u < 0) {
        for (int c = threadIdx.x; c < channels; c += blockDim.x) {
            output[own + c] = 0.0f;
            arg_max[own + c] = CUT;
        }
        return;
    }
    int first = convolved_first[u] + (row - pooled_first[u]) * stride;
    const float *window = convolved + ((size_t)blockIdx.y * convolved_rows + first) * channels;
    const float *added = bias + (size_t)blockIdx.y * channels;
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float best = window[c];
        int place = 0;
        for (int k = 1; k < width; k++) {
            float value = window[(size_t)k * channels + c];
            if (value > best || value != value) {
                best = value;
                place = k;
            }
        }
        float value = best + added[c];
        output[own + c] = value < 0.0f ? 0.0f : value;
        arg_max[own + c] = value > 0.0f ? place : CUT;
    }
}

// grad_convolved[m][lead + row][c]: the gradients of the windows whose maximum this frame was. The `lead` rows before,
// and rows of no utterance, are zeros.
extern "C" __global__ void conv_pool_back(
    float *grad_convolved, const float *grad_output, const unsigned char *arg_max, const int *utterance_of,
    const int *pooled_first, const int *pooled_count, const int *convolved_first, int pooled_rows, int rows, int lead,
    int channels, int width, int stride) {
    int at = blockIdx.x * blockDim.y + threadIdx.y;
    if (at >= lead + rows) return;
    int row = at - lead;
    int u = row < 0 ? -1 : utterance_of[row];
    float *to = grad_convolved + ((size_t)blockIdx.y * (lead + rows) + at) * channels;
    if (u < 0) {
        for (int c = threadIdx.x; c < channels; c += blockDim.x) to[c] = 0.0f;
        return;
    }
    int t = row - convolved_first[u];
    int last = t / stride;
    if (last >= pooled_count[u]) last = pooled_count[u] - 1;
    size_t pooled = (size_t)blockIdx.y * pooled_rows + pooled_first[u];
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float sum = 0.0f;
        for (int p = last; p >= 0 && t - p * stride < width; p--) {
            size_t from = (pooled + p) * channels + c;
            if (arg_max[from] == t - p * stride) sum += grad_output[from];
        }
        to[c] = sum;
    }
}

// First stage of the bias gradient: partial[m][chunk][c] sums grad_output over `chunk_rows` pooled rows.
extern "C" __global__ void conv_bias_partial(
    float *partial, const float *grad_output, const unsigned char *arg_max, int rows, int channels, int chunks,
    int chunk_rows) {
    int chunk = blockIdx.x * blockDim.y + threadIdx.y;
    if (chunk >= chunks) return;
    int end = (chunk + 1) * chunk_rows < rows ? (chunk + 1) * chunk_rows : rows;
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float sum = 0.0f;
#pragma unroll 4
        for (int row = chunk * chunk_rows; row < end; row++) {
            size_t from = ((size_t)blockIdx.y * rows + row) * channels + c;
            sum += arg_max[from] != CUT ? grad_output[from] : 0.0f;
        }
        partial[((size_t)blockIdx.y * chunks + chunk) * channels + c] = sum;
    }
}

// Outputs of a tap that one thread turns over: as many as memory hands out at once.
#define TURNED 8

// turned[m][width - 1 - k][o][i] = weight[m][k][i][o]: the weights by which gradients go back.
extern "C" __global__ void conv_turn(float *turned, const float *weight, int width, int inputs, int outputs) {
    int groups = (outputs + TURNED - 1) / TURNED;
    int own = blockIdx.x * blockDim.y + threadIdx.y;
    if (own >= width * groups) return;
    int k = own / groups, first = own % groups * TURNED;
    size_t model = (size_t)blockIdx.y * width * inputs * outputs;
    const float *from = weight + model + (size_t)k * inputs * outputs;
    float *to = turned + model + (size_t)(width - 1 - k) * inputs * outputs;
    for (int i = threadIdx.x; i < inputs; i += blockDim.x) {
#pragma unroll
        for (int o = first; o < first + TURNED; o++)
            if (o < outputs) to[(size_t)o * inputs + i] = from[(size_t)i * outputs + o];
    }
}
