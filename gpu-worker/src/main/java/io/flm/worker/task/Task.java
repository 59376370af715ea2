package io.flm.worker.task;

import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.Sample;
import io.flm.data.TextForm;
import io.flm.worker.objective.Objective;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What a pretrained model is fine-tuned on, and scored by; FLM (arXiv 2303.14038) §4.2. Its settings are those of a run. */
public interface Task {
    /** The name in configuration and on the command line: {@code vqa}. */
    String key();

    /** What the annotation files are, for messages: {@code VQA v2 question and annotation files}. */
    String files();

    /**
     * What models are compared by: the higher, the better.
     *
     * @param key in reports
     * @param title for people
     * @param figures the keys of the figures whose mean it is
     * @param share whether it is a fraction in [0, 1]
     */
    record MainScore(String key, String title, List<String> figures, boolean share) {
        public MainScore {
            figures = List.copyOf(figures);
        }
    }

    /** Its main score. */
    default MainScore mainScore() {
        return new MainScore("accuracy", "Accuracy", List.of("accuracy"), true);
    }

    /** What its head chooses among, by number; empty if it chooses from no list. */
    default List<String> classes() {
        return List.of();
    }

    /** How the texts that it reads become rows of tokens. */
    default TextForm textForm() {
        return TextForm.AS_IT_IS;
    }

    /** Whether it needs annotation files, and pictures with captions are not enough. */
    default boolean needsAnnotations() {
        return true;
    }

    /** Whether it searches, so that another model can find the candidates: {@link TaskModel#firstStage}. */
    default boolean takesFirstStage() {
        return false;
    }

    /**
     * How a model is fine-tuned.
     *
     * @param pretrained what it was pretrained with: it is read as it was trained to read
     */
    Objective objective(Objective pretrained);

    /**
     * Settings that follow from what is trained on, and are kept with the run: by their keys in the configuration.
     *
     * @param note is told what was found
     */
    default Map<String, Object> settings(List<Path> annotations, Consumer<String> note) {
        return Map.of();
    }

    /**
     * Reads examples to train on. What is only good for scoring is left out.
     *
     * @param annotations files, empty if the pictures' own captions are meant
     * @param pictures that the annotations name
     * @param note is told what is left out, in one line each
     * @throws io.flm.data.UserException where files say what cannot be, or name pictures that are not there
     */
    Examples trained(List<Path> annotations, PictureSource pictures, Consumer<String> note);

    /** Reads examples to score a model on. Parameters and errors are those of {@link #trained}. */
    ScoredExamples scored(List<Path> annotations, PictureSource pictures, Consumer<String> note);

    /**
     * Scored examples as training reads them, each with one text: for the loss on some of them while a model is trained.
     *
     * @throws io.flm.data.UserException where so few do not do
     */
    default List<Sample> asTrained(List<Sample> scored) {
        return scored;
    }
}
