// Rows picked out of a larger array, and features blended by mixup (Zhang et al., 2018), under the masks of SpecAugment
// (Park et al., 2019).

// frames[row][bin] of a batch, from features of the corpus or of the batch alone: zero in rows of no utterance (-1) and
// past the end of one, `fill` masked.
//
// utterances: nine numbers each: first row of the batch, first row of the source, frames there are, and where its masks
// begin in `masks` with the numbers of time and frequency masks. A mask is a start and an end. Then first row of the source and
// frames of the one that it is blended with, 0 for none, and its own share, the bits of a float.
extern "C" __global__ void batch_features(
    float *frames, const float *source, const int *utterance_of, const int *utterances, const int *masks, float fill,
    int rows, int bins) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    if (utterance_of[row] < 0) {
        for (int bin = threadIdx.x; bin < bins; bin += blockDim.x) frames[(size_t)row * bins + bin] = 0.0f;
        return;
    }
    const int *own = utterances + (size_t)utterance_of[row] * 9;
    int t = row - own[0];
    const int *mask = masks + own[3];
    for (int bin = threadIdx.x; bin < bins; bin += blockDim.x) {
        float value = t < own[2] ? source[((size_t)own[1] + t) * bins + bin] : 0.0f;
        if (t < own[2] && own[7] > 0) {
            float share = __int_as_float(own[8]);
            value = share * value + (1.0f - share) * source[((size_t)own[6] + t % own[7]) * bins + bin];
        }
        for (int k = 0; t < own[2] && k < own[4] + own[5]; k++) {
            int place = k < own[4] ? t : bin;
            if (place >= mask[2 * k] && place < mask[2 * k + 1]) value = fill;
        }
        frames[(size_t)row * bins + bin] = value;
    }
}

// picked[k][i] = values[which[k]][i].
extern "C" __global__ void pick(float *picked, const float *values, const int *which, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    picked[(size_t)blockIdx.y * length + at] = values[(size_t)which[blockIdx.y] * length + at];
}

// The transpose of pick; no model is picked twice.
extern "C" __global__ void pick_back(float *grad_values, const float *grad_picked, const int *which, int length) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    grad_values[(size_t)which[blockIdx.y] * length + at] += grad_picked[(size_t)blockIdx.y * length + at];
}
