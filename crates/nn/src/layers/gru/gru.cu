// The parts of a layer of gated recurrent units that are no matrix product, for all models and directions at once
// (torch.nn.GRU).
//
// As in lstm.cu, gates and states lie in the order of the frames, and sequences are packed within a step. blockIdx.y is
// model * directions + direction. Threads side by side take the units of a row; one thread writes each value.

// The frame that a row reads, counted over all models.
static __device__ size_t gru_frame(const int *source, int frames, int directions, int row) {
    int model = blockIdx.y / directions, direction = blockIdx.y % directions;
    return (size_t)model * frames + source[direction * frames + row];
}

// From the gates' sums of the input (reset, update, candidate) to the activated gates and the state of the `count` rows
// of a step.
//
// `continues` says that there was a step before: then the state's sums lie in `recurrent` [models * directions, widest,
// 3 units], and the state in `state` [models * directions, widest, units], which receives the new one. `entered` receives
// the one that came in, zeros at the first step, and `from_state` what the candidate gets from it.
extern "C" __global__ void gru_cell(
    float *gates, float *hidden, float *entered, float *from_state, float *state, const float *recurrent,
    const float *bias_input, const float *bias_hidden, const int *source, int frames, int units, int directions,
    int widest, int first, int count, int continues) {
    int rank = blockIdx.x * blockDim.y + threadIdx.y;
    if (rank >= count) return;
    size_t frame = gru_frame(source, frames, directions, first + rank);
    size_t own = (frame * directions + blockIdx.y % directions) * units;
    size_t packed = ((size_t)blockIdx.y * widest + rank) * units;
    const float *one = bias_input + (size_t)blockIdx.y * 3 * units;
    const float *two = bias_hidden + (size_t)blockIdx.y * 3 * units;
    for (int u = threadIdx.x; u < units; u += blockDim.x) {
        float *gate = gates + own * 3 + u;
        float reset = gate[0] + (one[u] + two[u]);
        float update = gate[units] + (one[units + u] + two[units + u]);
        float candidate = gate[2 * units] + one[2 * units + u];
        float of_state = two[2 * units + u];
        float before = 0.0f;
        if (continues) {
            const float *more = recurrent + packed * 3 + u;
            reset += more[0];
            update += more[units];
            of_state += more[2 * units];
            before = state[packed + u];
        }
        float r = 1.0f / (1.0f + expf(-reset));
        float z = 1.0f / (1.0f + expf(-update));
        float n = tanhf(candidate + r * of_state);
        float out = (1.0f - z) * n + z * before;
        gate[0] = r;
        gate[units] = z;
        gate[2 * units] = n;
        entered[own + u] = before;
        from_state[own + u] = of_state;
        hidden[own + u] = out;
        state[packed + u] = out;
    }
}

// From dL/d(state) to dL/d(sums of the input), written over the activated gates, and dL/d(sums of the state): in the
// order of the frames in `of_state`, and packed in `recurrent` for the product that gives the share of the step before.
//
// The first `continued` rows have a step after this one, which left its share in `carry` [models * directions, widest,
// units]. `carry` becomes what the state before gets past the gates.
extern "C" __global__ void gru_cell_back(
    float *gates, float *of_state, float *recurrent, float *carry, const float *entered, const float *from_state,
    const float *grad_hidden, const int *source, int frames, int units, int directions, int widest, int first,
    int count, int continued) {
    int rank = blockIdx.x * blockDim.y + threadIdx.y;
    if (rank >= count) return;
    size_t frame = gru_frame(source, frames, directions, first + rank);
    size_t own = (frame * directions + blockIdx.y % directions) * units;
    size_t packed = ((size_t)blockIdx.y * widest + rank) * units;
    for (int u = threadIdx.x; u < units; u += blockDim.x) {
        float *gate = gates + own * 3 + u;
        float r = gate[0], z = gate[units], n = gate[2 * units];
        float of_hidden = grad_hidden[own + u];
        if (rank < continued) of_hidden += carry[packed + u];
        float of_candidate = of_hidden * (1.0f - z) * (1.0f - n * n);
        float of_reset = of_candidate * from_state[own + u] * r * (1.0f - r);
        float of_update = of_hidden * (entered[own + u] - n) * z * (1.0f - z);
        gate[0] = of_reset;
        gate[units] = of_update;
        gate[2 * units] = of_candidate;
        float sums[3] = {of_reset, of_update, of_candidate * r};
#pragma unroll
        for (int k = 0; k < 3; k++) {
            of_state[own * 3 + k * units + u] = sums[k];
            recurrent[packed * 3 + k * units + u] = sums[k];
        }
        carry[packed + u] = of_hidden * z;
    }
}
