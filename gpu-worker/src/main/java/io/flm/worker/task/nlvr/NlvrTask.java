package io.flm.worker.task.nlvr;

import io.flm.data.annotation.Statement;
import io.flm.data.annotation.StatementFiles;
import io.flm.worker.task.Chosen;
import io.flm.worker.task.ClassObjective.Shape;
import io.flm.worker.task.StatementTask;
import io.flm.worker.task.TaskReport.Predictions;
import java.nio.file.Path;
import java.util.List;

/** NLVR (Suhr et al. 2017): whether a sentence is true of a picture of three boxes. All six orders of the boxes are examples. */
public final class NlvrTask extends StatementTask {
    public NlvrTask() {
        super("nlvr", Shape.ONE, StatementFiles.TRUTH);
    }

    @Override
    public String files() {
        return "NLVR's JSON lines, such as dev.json";
    }

    @Override
    protected StatementFiles read(List<Path> annotations) {
        return StatementFiles.nlvr(annotations, StatementFiles.PERMUTATIONS);
    }

    @Override
    protected String prefix() {
        return "nlvr_classifier.";
    }

    @Override
    protected Predictions predictions(List<Statement> statements, Chosen chosen) {
        return lines("NLVR's csv", statements, chosen, StatementFiles.TRUTH);
    }
}
