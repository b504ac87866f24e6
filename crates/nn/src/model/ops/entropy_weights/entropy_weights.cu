// Entropy conditioning (Long et al., 2018, CDAN+E). blockIdx.y is the model.

// weights[m][row] = 1 + exp(-entropy) of the row's probabilities [models, rows, classes].
extern "C" __global__ void entropy_weights(double *weights, const float *probabilities, int rows, int classes) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t own = (size_t)blockIdx.y * rows + row;
    double negative = 0.0;
    for (int c = 0; c < classes; c++) {
        double p = probabilities[own * classes + c];
        // A class that is impossible adds nothing.
        if (p != 0.0) negative += p * log(p);
    }
    weights[own] = 1.0 + exp(negative);
}
