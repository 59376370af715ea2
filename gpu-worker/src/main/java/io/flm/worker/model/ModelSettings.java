package io.flm.worker.model;

import com.typesafe.config.Config;
import io.flm.data.PositionRule;
import io.flm.data.TokenizerKind;
import io.flm.data.UserException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code flm.model}: the sizes of the model; FLM §4.1 for the headline ones.
 *
 * @param vocabulary V, tokens
 * @param hidden H, width of text, cross-modal and reconstructor layers
 * @param attentionHeads of these layers
 * @param mlpRatio width of a feed-forward layer over H (and over W in the image encoder)
 * @param bottomLayers text layers below the fusion
 * @param topLayers cross-modal layers
 * @param reconstructorBottomLayers one for each of the last bottom layers
 * @param reconstructorTopLayers one for each of the last top layers
 * @param maxPositions rows of the position table; a text has at most {@link #longestText} tokens
 * @param imageSize S, pixels a side
 * @param patchSize pixels a side of a patch
 * @param imageWidth W, width of the image encoder
 * @param imageLayers blocks of the image encoder that are used (the checkpoint's last one is not)
 * @param dropout rate in text, cross-modal and reconstructor layers
 * @param textNormEpsilon what the norms of text embedding and text layers add to the variance
 * @param imageActivation between the products of the image encoder's feed-forward layers
 * @param positions which row of the position table each token gets: the tokenizer says so
 */
public record ModelSettings(
        int vocabulary,
        int hidden,
        int attentionHeads,
        int mlpRatio,
        int bottomLayers,
        int topLayers,
        int reconstructorBottomLayers,
        int reconstructorTopLayers,
        int maxPositions,
        int imageSize,
        int patchSize,
        int imageWidth,
        int imageAttentionHeads,
        int imageLayers,
        double dropout,
        double textNormEpsilon,
        Activation imageActivation,
        PositionRule positions) {

    /** RoBERTa's, whose layers these are. */
    private static final double ROBERTA_EPSILON = 1e-5;

    private static final PositionRule ROBERTA_POSITIONS = TokenizerKind.ROBERTA.positions(1);

    public ModelSettings {
        divides("hidden", hidden, "heads", attentionHeads);
        divides("image-width", imageWidth, "image-heads", imageAttentionHeads);
        divides("image-size", imageSize, "patch-size", patchSize);
        atMost("reconstructor-bottom-layers", reconstructorBottomLayers, "bottom-layers", bottomLayers);
        atMost("reconstructor-top-layers", reconstructorTopLayers, "top-layers", topLayers);
    }

    /** The same with RoBERTa's norms and positions, and OpenAI's activation. */
    public ModelSettings(
            int vocabulary,
            int hidden,
            int attentionHeads,
            int mlpRatio,
            int bottomLayers,
            int topLayers,
            int reconstructorBottomLayers,
            int reconstructorTopLayers,
            int maxPositions,
            int imageSize,
            int patchSize,
            int imageWidth,
            int imageAttentionHeads,
            int imageLayers,
            double dropout) {
        this(
                vocabulary,
                hidden,
                attentionHeads,
                mlpRatio,
                bottomLayers,
                topLayers,
                reconstructorBottomLayers,
                reconstructorTopLayers,
                maxPositions,
                imageSize,
                patchSize,
                imageWidth,
                imageAttentionHeads,
                imageLayers,
                dropout,
                ROBERTA_EPSILON,
                Activation.QUICK_GELU,
                ROBERTA_POSITIONS);
    }

    /** Reads {@code flm.model}. Positions are RoBERTa's: see {@link #counting}. */
    public static ModelSettings from(Config root) {
        Config c = root.getConfig("flm.model");
        return new ModelSettings(
                c.getInt("vocabulary"),
                c.getInt("hidden"),
                c.getInt("heads"),
                c.getInt("mlp-ratio"),
                c.getInt("bottom-layers"),
                c.getInt("top-layers"),
                c.getInt("reconstructor-bottom-layers"),
                c.getInt("reconstructor-top-layers"),
                c.getInt("max-positions"),
                c.getInt("image-size"),
                c.getInt("patch-size"),
                c.getInt("image-width"),
                c.getInt("image-heads"),
                c.getInt("image-layers"),
                c.getDouble("dropout"),
                c.getDouble("text-norm-epsilon"),
                Activation.of(c.getString("image-activation")),
                ROBERTA_POSITIONS);
    }

    /** The same for texts of a tokenizer: before a model is made that is to read any. */
    public ModelSettings counting(PositionRule rule) {
        return new ModelSettings(
                vocabulary,
                hidden,
                attentionHeads,
                mlpRatio,
                bottomLayers,
                topLayers,
                reconstructorBottomLayers,
                reconstructorTopLayers,
                maxPositions,
                imageSize,
                patchSize,
                imageWidth,
                imageAttentionHeads,
                imageLayers,
                dropout,
                textNormEpsilon,
                imageActivation,
                rule);
    }

    /** The longest text, in tokens. */
    public int longestText() {
        return positions.longestText(maxPositions);
    }

    /** P - 1 is the square of it: patches along a side. */
    public int imageGrid() {
        return imageSize / patchSize;
    }

    /** P, image tokens with the class token. */
    public int imageTokens() {
        return imageGrid() * imageGrid() + 1;
    }

    /** How many parameters a model of these parts has. */
    public long parameterCount(ModelParts parts) {
        return Architecture.of(this, parts).parameters().size();
    }

    /** The tensors of a model of these parts, in the order of declaration: official names and shapes. */
    public Map<String, long[]> tensors(ModelParts parts) {
        Map<String, long[]> tensors = new LinkedHashMap<>();
        Architecture.of(this, parts)
                .parameters()
                .arguments()
                .forEach(argument -> argument.names().forEach(name -> tensors.put(name, argument.shape())));
        return tensors;
    }

    private static void divides(String key, int value, String divisorKey, int divisor) {
        if (value % divisor != 0) {
            throw new UserException("flm.model." + key + " = " + value + " is no multiple of flm.model." + divisorKey
                    + " = " + divisor + "; change either");
        }
    }

    private static void atMost(String key, int value, String limitKey, int limit) {
        if (value > limit) {
            throw new UserException("flm.model." + key + " = " + value + " is more than flm.model." + limitKey + " = "
                    + limit + "; each reconstructor layer reads one stream layer");
        }
    }
}
