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
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

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
        Mean consistency = consistency(all, chosen.own());
        Mean textOnly = consistency(all, chosen.textOnly());
        double majority = IntStream.range(0, classes().size())
                .mapToDouble(
                        same -> consistency(all, constant(same, all.size())).mean())
                .max()
                .orElseThrow();
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

    private static Mean consistency(List<Statement> all, int[] classes) {
        return Mean.of(groups(all).split(right(all, classes)).stream()
                .mapToDouble(sentence -> Arrays.stream(sentence).min().orElseThrow())
                .toArray());
    }

    private static int[] constant(int value, int count) {
        int[] all = new int[count];
        Arrays.fill(all, value);
        return all;
    }

    @Override
    protected Predictions predictions(List<Statement> statements, Chosen chosen) {
        return lines("NLVR2's csv", statements, chosen, List.of("False", "True"));
    }
}
