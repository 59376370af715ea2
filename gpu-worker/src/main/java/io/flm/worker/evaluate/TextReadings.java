package io.flm.worker.evaluate;

import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import io.flm.data.Sample;
import io.flm.data.Sha256;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.worker.model.TextMasks;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.TaskReport.Shown;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * How a fine-tuned model reads the texts of examples: as its task does, and as its pretraining would have done. What pretraining draws
 * follows from its seed and the example's key.
 *
 * @param objective the task's
 * @param pretrained with what the model was pretrained
 * @param seed of the pretraining's draws
 */
record TextReadings(
        Objective objective, Objective pretrained, long seed, TextLayout layout, Tokenizer tokenizer, TextMasks masks) {

    /** One or two readings: that of pretraining is told as far as it hides anything else. */
    List<TextReading> of(Shown example) {
        List<int[]> rows = List.of(example.text());
        RandomStream random =
                RandomStream.of(seed, Purpose.CORRUPT, Sha256.key(example.key().getBytes(StandardCharsets.UTF_8)));
        String setting = pretrained.setting().isEmpty() ? "" : ", " + pretrained.setting();
        String how = "its pretraining (" + pretrained.key() + setting + ")";
        TextReading task =
                TextReading.of("as the task reads it", example.text(), objective.whole(rows, layout), tokenizer, masks);
        TextReading before = TextReading.of(
                        "as a visit of " + how + " would read it",
                        example.text(),
                        pretrained.corruption(layout).plan(Sample.ofTexts(rows), random),
                        tokenizer,
                        masks)
                .without(task);
        return before.told().isEmpty()
                ? List.of(task.named("as the task reads it, and " + how + " did"))
                : List.of(task, before);
    }
}
