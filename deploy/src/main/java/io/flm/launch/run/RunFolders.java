package io.flm.launch.run;

import io.flm.coordinator.RunView;
import io.flm.coordinator.http.KeptRuns;
import io.flm.data.PlainText;
import io.flm.worker.StepMetrics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The runs of a folder, for whoever looks at one of them and asks how the others went. */
public final class RunFolders implements KeptRuns {
    private static final Logger LOG = LoggerFactory.getLogger(RunFolders.class);

    private static final int LONGEST = 1000; // letters of a text: all runs are told in one answer

    private final Path folder;

    /** @param folder {@code runs/}, say; runs are its folders */
    public RunFolders(Path folder) {
        this.folder = folder;
    }

    /** Where a run's neighbours are. */
    public static Path beside(Path run) {
        return Objects.requireNonNullElse(run.toAbsolutePath().normalize().getParent(), run);
    }

    @Override
    public List<KeptRun> newest() {
        return RunFiles.all(folder).stream().limit(MOST).map(RunFolders::told).toList();
    }

    /** Of a run whose command was on another machine no status is here; an odd one does not hide the others. */
    private static KeptRun told(Path run) {
        if (!Files.exists(RunFiles.statusOf(run))) {
            return unknown(run, "its command did not look at it from here");
        }
        RunView view;
        try {
            view = LastStatus.seen(run);
        } catch (RuntimeException e) {
            LOG.info("{}: no status", run, e);
            return unknown(run, "what is in its folder cannot be read");
        }
        return new KeptRun(
                String.valueOf(run.getFileName()),
                PlainText.cut(view.state(), LONGEST),
                PlainText.cut(view.reason(), LONGEST),
                view.step(),
                view.totalSteps(),
                view.loss(),
                RunFiles.lastWorkedOn(run));
    }

    private static KeptRun unknown(Path run, String reason) {
        return new KeptRun(
                String.valueOf(run.getFileName()), "unknown", reason, 0, 0, null, RunFiles.lastWorkedOn(run));
    }

    /** Whatever the name is: only runs that lie in the folder are told of. */
    @Override
    public void steps(String run, Consumer<StepMetrics> each) {
        RunFiles.all(folder).stream()
                .filter(path -> String.valueOf(path.getFileName()).equals(run))
                .findFirst()
                .ifPresent(path -> MetricsReader.read(RunFiles.metricsOf(path), each));
    }
}
