package io.flm.example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.UserException;
import io.flm.data.annotation.Statement;
import io.flm.data.annotation.StatementFiles;
import io.flm.worker.task.Chosen;
import io.flm.worker.task.ClassObjective.Shape;
import io.flm.worker.task.StatementTask;
import io.flm.worker.task.TaskReport.Predictions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Which style a picture is drawn in: {@code {"image": "noto/1f34b", "style": "noto"}}, a line each. */
final class StyleTask extends StatementTask {
    private static final List<String> STYLES = List.of("noto", "twemoji");

    StyleTask() {
        super("style", Shape.ONE, STYLES);
    }

    @Override
    public String files() {
        return "JSON lines with image and style";
    }

    @Override
    protected StatementFiles read(List<Path> annotations) {
        List<Statement> all = new ArrayList<>();
        try {
            for (Path file : annotations) {
                for (String line : Files.readAllLines(file)) {
                    JsonNode entry = new ObjectMapper().readTree(line);
                    String image = entry.path("image").asText();
                    int style = STYLES.indexOf(entry.path("style").asText());
                    all.add(new Statement(image, image, List.of(image), "Which style?", style));
                }
            }
        } catch (IOException e) {
            throw new UserException(annotations + ": cannot be read; give " + files(), e);
        }
        return new StatementFiles(all, 0);
    }

    /** Weights of a name that ends so are a head's, and may be missing in what is fine-tuned. */
    @Override
    protected String prefix() {
        return "style_classifier.";
    }

    @Override
    protected Predictions predictions(List<Statement> statements, Chosen chosen) {
        return lines("csv", statements, chosen, STYLES);
    }
}
