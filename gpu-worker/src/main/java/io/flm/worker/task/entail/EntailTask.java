package io.flm.worker.task.entail;

import io.flm.data.annotation.Statement;
import io.flm.data.annotation.StatementFiles;
import io.flm.worker.task.Chosen;
import io.flm.worker.task.ClassObjective.Shape;
import io.flm.worker.task.StatementTask;
import io.flm.worker.task.TaskReport.Predictions;
import java.nio.file.Path;
import java.util.List;

/** SNLI-VE (Xie et al. 2019): whether a sentence follows from a picture, may be, or contradicts it. */
public final class EntailTask extends StatementTask {
    public EntailTask() {
        super("entail", Shape.ONE, StatementFiles.ENTAILMENT);
    }

    @Override
    public String files() {
        return "JSON lines of SNLI-VE's form";
    }

    @Override
    protected StatementFiles read(List<Path> annotations) {
        return StatementFiles.entailment(annotations);
    }

    @Override
    protected String prefix() {
        return "snli_classifier.";
    }

    @Override
    protected Predictions predictions(List<Statement> statements, Chosen chosen) {
        return lines("csv", statements, chosen, StatementFiles.ENTAILMENT);
    }
}
