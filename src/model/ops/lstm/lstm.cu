// The parts of an LSTM layer that are no matrix product, for all models and directions at once (torch.nn.LSTM).
//
// Sequences are packed by step, longest first: the rows of step i are the sequences longer than i, by rank. The
// backward direction is packed from the end of each sequence, so that both directions have the same rows at each step.
// blockIdx.y is model * directions + direction. One thread writes each value.

// From the gates' sums to the activated gates, cell and hidden state of `count` rows that begin at `first`.
//
// The rows of the step before begin at `before`, which is negative for the first step. `entered` receives the hidden
// state that came in, zeros at the first step.
extern "C" __global__ void lstm_cell(
    float *gates, float *cells, float *cells_tanh, float *hidden, float *entered, const float *bias_input,
    const float *bias_hidden, int rows, int units, int first, int count, int before) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count * units) return;
    int u = at % units;
    int rank = at / units;
    size_t own = (size_t)blockIdx.y * rows + first + rank;
    float *gate = gates + own * 4 * units + u;
    const float *one = bias_input + (size_t)blockIdx.y * 4 * units + u;
    const float *two = bias_hidden + (size_t)blockIdx.y * 4 * units + u;
    float i = 1.0f / (1.0f + expf(-(gate[0] + (one[0] + two[0]))));
    float f = 1.0f / (1.0f + expf(-(gate[units] + (one[units] + two[units]))));
    float g = tanhf(gate[2 * units] + (one[2 * units] + two[2 * units]));
    float o = 1.0f / (1.0f + expf(-(gate[3 * units] + (one[3 * units] + two[3 * units]))));
    float cell = i * g;
    float past = 0.0f;
    if (before >= 0) {
        size_t from = (size_t)blockIdx.y * rows + before + rank;
        cell += f * cells[from * units + u];
        past = hidden[from * units + u];
    }
    float squashed = tanhf(cell);
    gate[0] = i;
    gate[units] = f;
    gate[2 * units] = g;
    gate[3 * units] = o;
    cells[own * units + u] = cell;
    cells_tanh[own * units + u] = squashed;
    hidden[own * units + u] = o * squashed;
    entered[own * units + u] = past;
}

// From dL/d(hidden) to dL/d(gates' sums), written over the activated gates.
//
// The first `continued` rows have a step after this one: it left its share in carry_hidden and carry_cell
// [models * directions, widest, units].
extern "C" __global__ void lstm_cell_back(
    float *gates, float *carry_cell, const float *carry_hidden, const float *cells, const float *cells_tanh,
    const float *grad_hidden, int rows, int units, int widest, int first, int count, int before, int continued) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count * units) return;
    int u = at % units;
    int rank = at / units;
    size_t own = (size_t)blockIdx.y * rows + first + rank;
    size_t carried = ((size_t)blockIdx.y * widest + rank) * units + u;
    float *gate = gates + own * 4 * units + u;
    float i = gate[0], f = gate[units], g = gate[2 * units], o = gate[3 * units];
    float of_hidden = grad_hidden[own * units + u];
    float of_cell = 0.0f;
    if (rank < continued) {
        of_hidden += carry_hidden[carried];
        of_cell = carry_cell[carried];
    }
    float squashed = cells_tanh[own * units + u];
    of_cell += of_hidden * o * (1.0f - squashed * squashed);
    float past = 0.0f;
    if (before >= 0) past = cells[((size_t)blockIdx.y * rows + before + rank) * units + u];
    gate[0] = of_cell * g * i * (1.0f - i);
    gate[units] = of_cell * past * f * (1.0f - f);
    gate[2 * units] = of_cell * i * (1.0f - g * g);
    gate[3 * units] = of_hidden * squashed * o * (1.0f - o);
    carry_cell[carried] = of_cell * f;
}

// packed[m][d][row][c] = frames[m][source[d][row]][c]: frames in the order of the steps.
extern "C" __global__ void lstm_pack(
    float *packed, const float *frames, const int *source, int rows, int frames_all, int channels, int directions) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t length = (size_t)rows * channels;
    if (at >= length) return;
    int model = blockIdx.y / directions, direction = blockIdx.y % directions;
    int frame = source[direction * rows + at / channels];
    packed[blockIdx.y * length + at] = frames[((size_t)model * frames_all + frame) * channels + at % channels];
}

// The transpose of lstm_pack: grad_frames[m][f][c] sums the directions in their order. blockIdx.y is the model.
extern "C" __global__ void lstm_pack_back(
    float *grad_frames, const float *grad_packed, const int *row_of, int rows, int frames_all, int channels,
    int directions) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t length = (size_t)frames_all * channels;
    if (at >= length) return;
    int frame = at / channels, c = at % channels;
    float sum = 0.0f;
    for (int d = 0; d < directions; d++) {
        size_t row = ((size_t)blockIdx.y * directions + d) * rows + row_of[d * frames_all + frame];
        sum += grad_packed[row * channels + c];
    }
    grad_frames[blockIdx.y * length + at] = sum;
}

// frames[m][f][d * units + u] = hidden[m][d][row of f][u]: back to the order of time, directions side by side.
extern "C" __global__ void lstm_unpack(
    float *frames, const float *hidden, const int *row_of, int rows, int frames_all, int units, int directions) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t width = (size_t)units * directions;
    size_t length = frames_all * width;
    if (at >= length) return;
    int frame = at / width, column = at % width;
    int d = column / units;
    size_t row = ((size_t)blockIdx.y * directions + d) * rows + row_of[d * frames_all + frame];
    frames[blockIdx.y * length + at] = hidden[row * units + column % units];
}

// The transpose of lstm_unpack. blockIdx.y is model * directions + direction.
extern "C" __global__ void lstm_unpack_back(
    float *grad_hidden, const float *grad_frames, const int *source, int rows, int frames_all, int units,
    int directions) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t length = (size_t)rows * units;
    if (at >= length) return;
    int model = blockIdx.y / directions, direction = blockIdx.y % directions;
    size_t frame = (size_t)model * frames_all + source[direction * rows + at / units];
    grad_hidden[blockIdx.y * length + at] = grad_frames[(frame * directions + direction) * units + at % units];
}
