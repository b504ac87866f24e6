// One step of every value of several models: torch.optim.SGD, Adam, AdamW and RMSprop. blockIdx.y is the model's row.
//
// Stacked parameters are array after array, each of all models; for each of `pieces` arrays, `before` gives the values
// of one model before it, and `places` those of all models. `which` gives the place of a row's model among the models of
// the step, where its rates, its gradient's scale and its flag are read: a model whose flag is 0 met a loss or gradient
// that is not finite and stays as it is.

// Where value `at` of this row's model lies, of `length` in all.
static __device__ size_t stacked_place(const int *before, const size_t *places, int pieces, int length, int at) {
    int low = 0, high = pieces;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (before[middle] <= at) low = middle;
        else high = middle;
    }
    int own = (low + 1 < pieces ? before[low + 1] : length) - before[low];
    return places[low] + (size_t)blockIdx.y * own + (at - before[low]);
}

// rates: learning rate, momentum, weight decay of each model.
extern "C" __global__ void sgd(
    float *values, float *velocity, const float *gradient, const int *before, const size_t *places,
    int pieces, int length, const int *which, const float *rates, const float *scales, const int *alive) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    int model = which[blockIdx.y];
    if (!alive[model]) return;
    const float *rate = rates + (size_t)model * 8;
    size_t own = stacked_place(before, places, pieces, length, at);
    float g = scales[model] * gradient[own];
    if (rate[2] != 0.0f) g += rate[2] * values[own];
    float v = rate[1] * velocity[own] + g;
    velocity[own] = v;
    values[own] -= rate[0] * v;
}

// rates: rest1, beta2, rest2, rate, root, epsilon, coupled decay, what values are multiplied by first.
extern "C" __global__ void adam(
    float *values, float *first, float *second, const float *gradient, const int *before, const size_t *places,
    int pieces, int length, const int *which, const float *rates, const float *scales, const int *alive) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    int model = which[blockIdx.y];
    if (!alive[model]) return;
    const float *rate = rates + (size_t)model * 8;
    size_t own = stacked_place(before, places, pieces, length, at);
    float value = values[own];
    float g = scales[model] * gradient[own] + rate[6] * value;
    float m = first[own] + rate[0] * (g - first[own]);
    float v = rate[1] * second[own] + rate[2] * g * g;
    first[own] = m;
    second[own] = v;
    values[own] = value * rate[7] - rate[3] * (m / (sqrtf(v) / rate[4] + rate[5]));
}

// values[row][i] = measured[row][i], where training measures an array instead of learning it; the optimiser remembers
// nothing of it.
extern "C" __global__ void keep_measured(
    float *values, float *first, float *second, const float *measured, int length, const int *which, const int *alive) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length || !alive[which[blockIdx.y]]) return;
    size_t own = (size_t)blockIdx.y * length + at;
    values[own] = measured[own];
    first[own] = 0.0f;
    if (second) second[own] = 0.0f;
}

// rates: learning rate, smoothing, 1 - smoothing, epsilon, weight decay.
extern "C" __global__ void rmsprop(
    float *values, float *mean, const float *gradient, const int *before, const size_t *places,
    int pieces, int length, const int *which, const float *rates, const float *scales, const int *alive) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    int model = which[blockIdx.y];
    if (!alive[model]) return;
    const float *rate = rates + (size_t)model * 8;
    size_t own = stacked_place(before, places, pieces, length, at);
    float value = values[own];
    float g = scales[model] * gradient[own] + rate[4] * value;
    float s = rate[1] * mean[own] + rate[2] * g * g;
    mean[own] = s;
    values[own] = value - rate[0] * (g / (sqrtf(s) + rate[3]));
}

// sums[row][thread] = sum of the squares of every `threads`-th value of a row's gradient.
extern "C" __global__ void squares(
    double *sums, const float *gradient, const int *before, const size_t *places, int pieces, int length,
    int threads) {
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    if (thread >= threads) return;
    double sum = 0.0;
    for (int at = thread; at < length; at += threads) {
        double g = gradient[stacked_place(before, places, pieces, length, at)];
        sum += g * g;
    }
    sums[(size_t)blockIdx.y * threads + thread] = sum;
}

// sums[row][thread] = sum of every `threads`-th of the row's `length` values.
extern "C" __global__ void fewer_sums(double *sums, const double *values, int length, int threads) {
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    if (thread >= threads) return;
    double sum = 0.0;
    for (int at = thread; at < length; at += threads) sum += values[(size_t)blockIdx.y * length + at];
    sums[(size_t)blockIdx.y * threads + thread] = sum;
}

// totals[which[row]] += the row's `length` sums, in their order.
extern "C" __global__ void add_sums(double *totals, const double *sums, const int *which, int rows, int length) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    double sum = 0.0;
    for (int at = 0; at < length; at++) sum += sums[(size_t)row * length + at];
    totals[which[row]] += sum;
}

// norms[m]: from the sum of squares to its root. Then the factor that clips to `clips[m]` (0: none), and whether the
// losses [heads, models] and the norm are finite.
extern "C" __global__ void settle(
    double *norms, float *scales, int *alive, const float *clips, const float *losses, int heads, int models) {
    int model = blockIdx.x * blockDim.x + threadIdx.x;
    if (model >= models) return;
    double norm = sqrt(norms[model]);
    norms[model] = norm;
    float clip = clips[model];
    scales[model] = clip > 0.0f && norm > clip ? (float)(clip / (norm + 1e-6)) : 1.0f;
    bool finite = norm - norm == 0.0;
    for (int head = 0; head < heads; head++) {
        float loss = losses[(size_t)head * models + model];
        finite = finite && loss - loss == 0.0f;
    }
    if (!finite) alive[model] = 0;
}

// Whether a discriminator may take its own step: its model is well and its loss is finite.
extern "C" __global__ void may_step(int *flags, const int *alive, const int *which, const float *loss, int count) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count) return;
    flags[which[at]] = alive[which[at]] && loss[at] - loss[at] == 0.0f;
}

// to[slots[k]] = from[k]: puts what each of some models measured where its models stand.
extern "C" __global__ void scatter(float *to, const float *from, const int *slots, int count) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count) return;
    to[slots[at]] = from[at];
}
