package io.flm.launch.export;

import io.flm.data.PlainText;
import io.flm.data.TokenizerKind;
import io.flm.launch.console.Version;
import io.flm.launch.run.RunFiles;
import io.flm.worker.model.ModelSettings;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;

/** {@code README.md} of a folder in the style of Hugging Face: what the model is, how it is asked, and what is known of it. */
final class ModelCard {
    private ModelCard() {}

    static String of(ExportSource source, TokenizerKind kind) {
        StringBuilder text = new StringBuilder("---\nlibrary_name: pytorch\n");
        if (source.writesCaptions()) {
            text.append("pipeline_tag: image-to-text\n");
        }
        text.append("tags:\n- flm\n- vision-language\n---\n\n# ")
                .append(name(source))
                .append("\n\n");
        text.append(sentence(source)).append("\n\n## Use\n\n");
        use(text, source);
        text.append("\n## Figures\n\n");
        Figures.of(source.checkpoint(), source.task().isPresent()).append(text);
        text.append("\n## Model\n\n| what | |\n|---|---|\n");
        facts(text, source, kind);
        text.append("""

                ## What is missing here

                What the model was trained on, under which licence these data and these weights are, and what the model must not be used
                for: the program that wrote this page does not know it. Whoever publishes the folder says so here.
                """);
        return text.toString();
    }

    private static void use(StringBuilder text, ExportSource source) {
        text.append("""
                torch 1.13 or later is needed; Pillow to read files of pictures. `modeling_flm.py` is all of the code.

                ```python
                from modeling_flm import Flm

                model = Flm.load(".")
                pictures = model.read_pictures(["picture.jpg"])
                """);
        boolean tokens = source.objective().parts().tokenHead() != null;
        if (source.writesCaptions()) {
            text.append("print(model.caption(pictures))\n");
        }
        if (tokens) {
            String head = source.objective().parts().reconstructor() ? "rec" : "text";
            text.append("ids = model.tokenizer.batch([\"what the picture shows\"])\n")
                    .append("logits = model(pictures, ids)[\"")
                    .append(head)
                    .append("\"]  # [1, L, V]\n");
        } else if (source.objective().parts().pairs()) {
            text.append("others = model.read_pictures([\"another.jpg\"])\n")
                    .append("print(model.answer(pictures, [\"a sentence about both\"], others))\n");
        } else if (source.task().filter(task -> !task.classes().isEmpty()).isPresent()) {
            text.append("print(model.answer(pictures, [\"a question or sentence\"]))\n");
        } else {
            text.append("ids = model.tokenizer.batch([\"what the picture shows\"])\n")
                    .append("print(model.classify(pictures, ids))  # a score\n");
        }
        text.append("```\n");
    }

    private static void facts(StringBuilder text, ExportSource source, TokenizerKind kind) {
        ModelSettings s = source.settings();
        String setting = source.objective().setting();
        fact(text, "objective", source.objective().key() + (setting.isEmpty() ? "" : ", " + setting));
        fact(text, "parameters", String.format(Locale.ROOT, "%,d", source.parameterCount()));
        fact(
                text,
                "image encoder",
                s.imageLayers() + " blocks of width " + s.imageWidth() + ", pictures of " + s.imageSize()
                        + " px in patches of " + s.patchSize());
        fact(
                text,
                "text",
                s.bottomLayers() + " text layers and " + s.topLayers() + " cross-modal layers of width " + s.hidden()
                        + ", " + s.attentionHeads() + " heads");
        if (source.objective().parts().reconstructor()) {
            fact(text, "reconstructor", s.reconstructorBottomLayers() + " + " + s.reconstructorTopLayers() + " layers");
        }
        fact(
                text,
                "texts",
                "`" + kind.start() + " " + (source.beginToken() ? kind.end() + " " : "") + "words " + kind.end()
                        + "`, at most " + source.maxTokens() + " tokens of "
                        + String.format(Locale.ROOT, "%,d", s.vocabulary()));
        fact(text, "seed", String.valueOf(source.config().getLong("flm.train.seed")));
        fact(text, "weights, SHA-256", "`" + source.checkpoint().weightsSha256() + "`");
    }

    private static void fact(StringBuilder text, String what, String value) {
        text.append("| ").append(what).append(" | ").append(value).append(" |\n");
    }

    /** What was trained, for how long, by which program. */
    static String sentence(ExportSource source) {
        long batch =
                source.config().getLong("flm.train.lanes") * source.config().getLong("flm.train.micro-batch");
        return String.format(
                Locale.ROOT,
                "A vision-language model of %s, %s by the FLM trainer %s:\n%,d steps of %,d samples.",
                "[Free Language Modeling](https://arxiv.org/abs/2303.14038)",
                source.task()
                        .map(task -> "fine-tuned on the task `" + task.key() + "`")
                        .orElse("pretrained by the objective `"
                                + source.objective().key() + "`"),
                Version.number(),
                source.checkpoint().step(),
                batch);
    }

    /** Of the run's folder, or the checkpoint's where that was moved; as Markdown. */
    static String name(ExportSource source) {
        Path checkpoint = source.checkpoint().folder().toAbsolutePath().normalize();
        Path named = Objects.requireNonNullElse(RunFiles.runOf(checkpoint), checkpoint);
        return PlainText.of(String.valueOf(named.getFileName())).replaceAll("([\\\\`*_\\[\\]<>#|])", "\\\\$1")
                + String.format(Locale.ROOT, ", step %,d", source.checkpoint().step());
    }
}
