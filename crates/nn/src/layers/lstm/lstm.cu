// The parts of an LSTM layer that are no matrix product, for all models and directions at once (torch.nn.LSTM).
//
// Gates, cells and states lie in the order of the frames: [models, frames, directions, ..]. Within a step, sequences are
// packed, longest first: `source` gives the frame of each row, and `first` is the first row of the step. The backward
// direction is packed from the end of each sequence, so that both directions have the same rows at each step.
// blockIdx.y is model * directions + direction. Threads side by side take the units of a row; one thread writes each
// value.

// The frame that a row reads, counted over all models.
static __device__ size_t lstm_frame(const int *source, int frames, int directions, int row) {
    int model = blockIdx.y / directions, direction = blockIdx.y % directions;
    return (size_t)model * frames + source[direction * frames + row];
}

// The frame that the same sequence read one step before.
static __device__ size_t lstm_frame_before(size_t frame, int directions) {
    return blockIdx.y % directions == 0 ? frame - 1 : frame + 1;
}

// From the gates' sums to the activated gates, cell and hidden state of the `count` rows of a step.
//
// `gates` holds the input's share. `continues` says that there was a step before: then the hidden state's share lies in
// `recurrent` [models * directions, widest, 4 units]. `state` [models * directions, widest, units] receives the hidden
// state for the next step's product, `entered` the one that came in, zeros at the first step.
extern "C" __global__ void lstm_cell(
    float *gates, float *cells, float *hidden, float *entered, float *state, const float *recurrent,
    const float *bias_input, const float *bias_hidden, const int *source, int frames, int units, int directions,
    int widest, int first, int count, int continues) {
    int rank = blockIdx.x * blockDim.y + threadIdx.y;
    if (rank >= count) return;
    size_t frame = lstm_frame(source, frames, directions, first + rank);
    size_t before = lstm_frame_before(frame, directions);
    int direction = blockIdx.y % directions;
    size_t own = (frame * directions + direction) * units;
    size_t past = (before * directions + direction) * units;
    size_t packed = ((size_t)blockIdx.y * widest + rank) * units;
    const float *one = bias_input + (size_t)blockIdx.y * 4 * units;
    const float *two = bias_hidden + (size_t)blockIdx.y * 4 * units;
    for (int u = threadIdx.x; u < units; u += blockDim.x) {
        float *gate = gates + own * 4 + u;
        float sums[4];
#pragma unroll
        for (int k = 0; k < 4; k++) {
            float sum = gate[k * units];
            if (continues) sum += recurrent[packed * 4 + k * units + u];
            sums[k] = sum + (one[k * units + u] + two[k * units + u]);
        }
        float i = 1.0f / (1.0f + expf(-sums[0]));
        float f = 1.0f / (1.0f + expf(-sums[1]));
        float g = tanhf(sums[2]);
        float o = 1.0f / (1.0f + expf(-sums[3]));
        float cell = i * g;
        if (continues) cell += f * cells[past + u];
        float out = o * tanhf(cell);
        gate[0] = i;
        gate[units] = f;
        gate[2 * units] = g;
        gate[3 * units] = o;
        entered[own + u] = continues ? hidden[past + u] : 0.0f;
        cells[own + u] = cell;
        hidden[own + u] = out;
        state[packed + u] = out;
    }
}

// From dL/d(hidden) to dL/d(gates' sums), written over the activated gates.
//
// The first `continued` rows have a step after this one: it left its share in carry_hidden and carry_cell
// [models * directions, widest, units]. Where there is a step before, `recurrent` receives the sums' gradient for the
// product that gives that step's share.
extern "C" __global__ void lstm_cell_back(
    float *gates, float *recurrent, float *carry_cell, const float *carry_hidden, const float *cells,
    const float *grad_hidden, const int *source, int frames, int units, int directions, int widest, int first,
    int count, int continued, int continues) {
    int rank = blockIdx.x * blockDim.y + threadIdx.y;
    if (rank >= count) return;
    size_t frame = lstm_frame(source, frames, directions, first + rank);
    size_t before = lstm_frame_before(frame, directions);
    int direction = blockIdx.y % directions;
    size_t own = (frame * directions + direction) * units;
    size_t earlier = (before * directions + direction) * units;
    size_t packed = ((size_t)blockIdx.y * widest + rank) * units;
    for (int u = threadIdx.x; u < units; u += blockDim.x) {
        float *gate = gates + own * 4 + u;
        float i = gate[0], f = gate[units], g = gate[2 * units], o = gate[3 * units];
        float of_hidden = grad_hidden[own + u];
        float of_cell = 0.0f;
        if (rank < continued) {
            of_hidden += carry_hidden[packed + u];
            of_cell = carry_cell[packed + u];
        }
        float squashed = tanhf(cells[own + u]);
        of_cell += of_hidden * o * (1.0f - squashed * squashed);
        float past = continues ? cells[earlier + u] : 0.0f;
        float of_sums[4] = {
            of_cell * g * i * (1.0f - i),
            of_cell * past * f * (1.0f - f),
            of_cell * i * (1.0f - g * g),
            of_hidden * squashed * o * (1.0f - o),
        };
#pragma unroll
        for (int k = 0; k < 4; k++) {
            gate[k * units] = of_sums[k];
            if (continues) recurrent[packed * 4 + k * units + u] = of_sums[k];
        }
        carry_cell[packed + u] = of_cell * f;
    }
}
