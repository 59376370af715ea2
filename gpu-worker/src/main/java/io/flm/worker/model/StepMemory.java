package io.flm.worker.model;

/**
 * How much memory forward and backward of one lane take, beside the buffers of parameters, moments and lane gradients: the tensors
 * that autograd keeps for backward, kernel by kernel of {@code kernels.py}, summed over the stages that are alive together. A
 * test holds it against what real processes took.
 *
 * <p>Sizes are doubles: what a typing error asks for may not fit a long. B rows, L text length, P image tokens, W image width, H
 * hidden, V vocabulary.
 */
public final class StepMemory {
    private static final int FLOAT = 4;
    private static final int HALF = 2;

    /**
     * What is computed.
     *
     * @param pictures of a lane
     * @param rows B of a lane: several may see one picture
     * @param length L, the longest text
     * @param predictions of tokens, of all heads
     */
    public record Work(
            ModelParts parts,
            Precision precision,
            boolean recompute,
            int pictures,
            double rows,
            int length,
            double predictions) {}

    private final ModelSettings m;
    private final Work work;
    private final boolean bf16;
    private final double streams; // rows of the text streams
    private final double hidden; // bytes of [B, L, H]
    private final double picture; // bytes of [pictures, P, W]

    private StepMemory(ModelSettings m, Work work) {
        this.m = m;
        this.work = work;
        bf16 = work.precision() == Precision.BF16;
        streams = reconstructed() ? 2 : 1;
        hidden = FLOAT * work.rows() * work.length() * m.hidden();
        picture = (double) FLOAT * work.pictures() * m.imageTokens() * m.imageWidth();
    }

    /** Bytes at the moment when the most of them are alive. */
    public static double peakBytes(ModelSettings model, Work work) {
        return new StepMemory(model, work).peak();
    }

    private boolean reconstructed() {
        return work.parts().reconstructor();
    }

    private double peak() {
        double[] kept = {imageStage(), textStage(), fusionStage(), predictStage()};
        double[] outputs = {
            picture,
            (m.bottomLayers() * streams + (reconstructed() ? 1 : 0)) * hidden,
            m.topLayers() * streams * hidden,
            0
        };
        double[] layers = {m.imageLayers(), m.bottomLayers(), m.topLayers(), m.topLayers()};
        double[] parameters = new double[Stage.COUNT];
        Architecture.of(m, work.parts())
                .parameters()
                .arguments()
                .forEach(argument -> parameters[argument.stage().index()] += argument.size());
        double peak = 0;
        double alive = 0; // of the stages up to this one
        double upstream = 0; // gradients of their outputs, kept until the end
        for (int stage = 0; stage < Stage.COUNT; stage++) {
            alive += (work.recompute() ? outputs[stage] : kept[stage] + copies(parameters[stage]));
        }
        for (int stage = Stage.COUNT - 1; stage >= 0; stage--) {
            double again = work.recompute() ? kept[stage] + copies(parameters[stage]) : 0;
            double passing = stage == Stage.PREDICT.index() ? lossBackward() : kept[stage] / 2 / layers[stage];
            double gradients = parameters[stage] * (FLOAT + (bf16 ? HALF : 0));
            peak = Math.max(peak, alive + again + upstream + passing + gradients);
            alive -= work.recompute() ? 0 : kept[stage] + copies(parameters[stage]);
            upstream += stage > 0 ? outputs[stage - 1] : 0;
        }
        return peak;
    }

    /** Matrix products in bfloat16 keep a copy of their weights. */
    private double copies(double parameters) {
        return bf16 ? HALF * parameters : 0;
    }

    // ---- stages: what each keeps from its forward pass until its backward pass

    private double imageStage() {
        double pixels = 3.0 * FLOAT * work.pictures() * m.imageSize() * m.imageSize();
        double block = picture * (1 + 1 + 1 + 1) // norm, sum, norm, sum
                + attention(
                        picture, picture, m.imageAttentionHeads(), m.imageTokens(), m.imageTokens(), work.pictures(), 0)
                + 3 * m.mlpRatio() * narrowed(picture) // before, inside and after QuickGELU
                + inputs(3 * picture);
        return pixels + 3 * picture + m.imageLayers() * block;
    }

    private double textStage() {
        double embedded = (streams + 1 + (reconstructed() ? 3 : 1)) * hidden;
        return embedded + m.bottomLayers() * (selfAttention() + feedForward(streams * hidden));
    }

    private double fusionStage() {
        double keys = (double) FLOAT * work.pictures() * m.imageTokens() * m.hidden();
        double ofRows = FLOAT * work.rows() * m.imageTokens() * m.hidden(); // keys are copied for each row
        double queries = streams * hidden;
        double layer = selfAttention()
                + crossAttention(queries, keys, ofRows, (reconstructed() ? 2 : 1) * work.length(), m.imageTokens())
                + feedForward(queries);
        return queries + keys + m.topLayers() * layer;
    }

    private double predictStage() {
        double kept = 4 * work.predictions() * m.hidden() * FLOAT + work.predictions() * m.vocabulary() * FLOAT;
        if (reconstructed()) {
            double layer = crossAttention(hidden, 2 * hidden, 2 * hidden, work.length(), 2 * work.length())
                    + feedForward(hidden);
            kept += hidden + (m.reconstructorBottomLayers() + m.reconstructorTopLayers()) * layer;
        }
        return kept;
    }

    /** The gradients of the log-probabilities and of the logits, beside the log-probabilities. */
    private double lossBackward() {
        return work.predictions() * m.vocabulary() * (2 * FLOAT + (bf16 ? HALF : 0));
    }

    // ---- layers

    private double selfAttention() {
        double x = streams * hidden;
        double rows = streams * work.rows();
        return attention(x, x, m.attentionHeads(), work.length(), work.length(), rows, m.dropout())
                + dropoutMask(x)
                + 2 * x
                + inputs(2 * x);
    }

    /** @param attended the keys, as each row reads them */
    private double crossAttention(double queries, double keys, double attended, int queryLength, int keyLength) {
        return attention(queries, attended, m.attentionHeads(), queryLength, keyLength, work.rows(), m.dropout())
                + dropoutMask(queries)
                + 2 * queries
                + inputs(2 * queries + keys);
    }

    /** Queries, keys, values and the result; with dropout also the probabilities, the mask and what is left of them. */
    private static double attention(
            double queries, double keys, int heads, int queryLength, int keyLength, double rows, double dropout) {
        double scores = dropout > 0 ? 3.0 * queryLength * keyLength : queryLength;
        return 2 * queries + 2 * keys + FLOAT * rows * heads * scores;
    }

    private double feedForward(double x) {
        return 2 * m.mlpRatio() * narrowed(x) + dropoutMask(x) + 2 * x + inputs(x);
    }

    private double dropoutMask(double x) {
        return m.dropout() > 0 ? x : 0;
    }

    /** Between two matrix products values stay in the products' type. */
    private double narrowed(double x) {
        return bf16 ? x / 2 : x;
    }

    /** Matrix products in bfloat16 keep a copy of their input. */
    private double inputs(double x) {
        return bf16 ? x / 2 : 0;
    }
}
