package io.flm.worker.task.nlvr2;

import io.flm.data.annotation.Statement;
import io.flm.data.annotation.StatementFiles;
import io.flm.worker.task.Chosen;
import io.flm.worker.task.ClassObjective.Shape;
import io.flm.worker.task.StatementTask;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskReport.Predictions;
import io.flm.worker.task.score.Mean;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * NLVR2 (Suhr et al. 2019): whether a sentence is true of two pictures. The sentence is read beside each, and both class vectors are
 * classified together.
 */
public final class Nlvr2Task extends StatementTask {
    public Nlvr2Task() {
        super("nlvr2", Shape.PAIR, StatementFiles.TRUTH);
    }

    @Override
    public String files() {
        return "NLVR2's JSON lines";
    }

    @Override
    protected StatementFiles read(List<Path> annotations) {
        return StatementFiles.nlvr2(annotations);
    }

    @Override
    protected String prefix() {
        return "nlvr2_classifier.";
    }

    /** The share of sentences of which every pair is right. */
    @Override
    protected List<TaskFigure> further(List<Statement> all, Chosen chosen) {
        Mean consistency = consistency(all, i -> chosen.own()[i] == all.get(i).label());
        Mean textOnly = consistency(all, i -> chosen.textOnly()[i] == all.get(i).label());
        double majority = Math.max(
                consistency(all, i -> all.get(i).label() == 0).mean(),
                consistency(all, i -> all.get(i).label() == 1).mean());
        return List.of(new TaskFigure(
                "consistency",
                "Consistency",
                TaskFigure.Unit.SHARE,
                consistency.mean(),
                consistency.standardError(),
                textOnly.mean(),
                majority,
                consistency.count()));
    }

    private static Mean consistency(List<Statement> all, IntPredicate right) {
        Map<String, List<Boolean>> groups = groups(all, right);
        return Mean.of(groups.values().stream()
                .mapToDouble(of -> of.contains(false) ? 0 : 1)
                .toArray());
    }

    @Override
    protected Predictions predictions(List<Statement> statements, Chosen chosen) {
        return lines("NLVR2's csv", statements, chosen, List.of("False", "True"));
    }
}
