package io.flm.launch.tensorboard;

import io.flm.data.WriteErrors;
import io.flm.worker.evaluate.Figure;
import io.flm.worker.evaluate.Figure.Measured;
import io.flm.worker.evaluate.Png;
import io.flm.worker.evaluate.Report;
import io.flm.worker.evaluate.Report.Shown;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** An evaluation for TensorBoard: its figures, and pictures that the model never saw, with what it says of them. */
public final class HeldOutEvents {
    private HeldOutEvents() {}

    /**
     * Writes them into a file of their own, at the last step before the evaluation.
     *
     * @param folder {@code tensorboard/} of a run's
     * @param steps that the evaluated model was trained for
     * @throws io.flm.data.UserException where the folder takes no file
     */
    public static void write(Path folder, long steps, Report report, InstantSource clock) {
        long step = Math.max(0, steps - 1);
        String group = String.format(Locale.ROOT, "held-out after %,d steps/", steps);
        try (EventFile file = EventFile.next(folder, clock)) {
            Map<String, Double> figures = new LinkedHashMap<>();
            for (Figure figure : report.figures()) {
                if (figure instanceof Measured measured) {
                    figures.put("evaluation/" + figure.metric().key(), measured.value());
                }
            }
            file.scalars(step, figures);
            List<Shown> gallery = report.gallery();
            StringBuilder captions = new StringBuilder("| picture | is | caption |\n|---|---|---|\n");
            for (int i = 0; i < gallery.size(); i++) {
                Shown shown = gallery.get(i);
                String name = Markdown.escape(shown.example().name());
                String caption = shown.caption() == null ? "" : Markdown.escape(shown.caption());
                String number = String.format(Locale.ROOT, "%02d", i + 1);
                byte[] pixels = shown.example().pixels();
                file.picture(
                        step,
                        group + number,
                        "is: " + name + (caption.isEmpty() ? "" : "; caption: " + caption),
                        Png.size(pixels),
                        Png.of(pixels));
                captions.append("| " + number + " | " + name + " | " + caption + " |\n");
            }
            if (!gallery.isEmpty()) {
                file.text(step, group + "captions", captions.toString());
            }
        } catch (IOException e) {
            throw WriteErrors.of(folder, e, "look at the run's folder, or turn flm.run.tensorboard off");
        }
    }
}
