package io.flm.launch.export;

import io.flm.data.PictureSettings;
import io.flm.data.PictureSettings.Fit;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ServedModel.Part;

/** {@code README.md} of archives of TorchScript: what each takes and gives, and what the program that asks them has to know. */
final class TorchScriptCard {
    /** A line that no other program writes: earlier exports are known by it. */
    static final String MARK =
            "Archives of TorchScript, written by the trainer of FLM: any libtorch from 2.1 on loads them, without Python.";

    private TorchScriptCard() {}

    /** @param s with the positions of its tokenizer's kind */
    static String of(ExportSource source, ModelSettings s) {
        StringBuilder text = new StringBuilder();
        text.append("# ").append(ModelCard.name(source)).append("\n\n");
        text.append(ModelCard.sentence(source)).append("\n\n").append(MARK).append("""


                | archive | takes | gives |
                |---|---|---|
                """);
        int patches = s.imageSize() / s.patchSize();
        String features = "float32 [B, " + (1 + patches * patches) + ", " + s.imageWidth() + "]";
        for (Part part : source.served()) {
            text.append("| `")
                    .append(Export.archive(part))
                    .append("` | ")
                    .append(
                            switch (part) {
                                case IMAGE_ENCODER ->
                                    "pictures, uint8 [B, 3, " + s.imageSize() + ", " + s.imageSize() + "] | features, "
                                            + features;
                                case TEXT_SCORER ->
                                    "features, and ids of texts, int64 [B, L] | the logarithm of each text's probability, float32 [B]";
                                case CAPTION_STEP ->
                                    "features, and ids of what is written so far, int64 [B, L], no pads | logits of the next token, float32 [B, "
                                            + s.vocabulary() + "]";
                            })
                    .append(" |\n");
        }
        boolean crop = PictureSettings.from(source.config()).fit() == Fit.CROP;
        text.append("\nFeatures of one picture may stand beside several texts. Pictures are RGB, ")
                .append(
                        crop
                                ? "the shorter side resized bicubically, the centre cut out"
                                : "both sides resized bicubically")
                .append(".\n");
        if (source.served().contains(Part.TEXT_SCORER)) {
            text.append(
                            "Ids are those of the tokenizer that the model was trained with; a text begins with the token of the start")
                    .append(source.beginToken() ? " and that of the end" : "")
                    .append(", and ends with that of the end. The pad is ")
                    .append(s.positions().padId())
                    .append(". No text is longer than ")
                    .append(s.maxPositions() - s.positions().first())
                    .append(" tokens.\n");
            if (!source.beginToken()) {
                text.append(
                        "The first word is given and not scored: the model was trained without a token that it follows from.\n");
            }
        }
        return text.toString();
    }
}
