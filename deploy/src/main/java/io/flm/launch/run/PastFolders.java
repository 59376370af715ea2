package io.flm.launch.run;

import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.PastSteps;
import io.flm.coordinator.SampleHistory;
import io.flm.worker.RunPlan;
import io.flm.worker.StepMetrics;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** What runs did before, as their folders on this node have it. */
public final class PastFolders implements PastSteps {
    private final Function<String, Path> folder;

    /** @param folder of a run, by its name */
    public PastFolders(Function<String, Path> folder) {
        this.folder = folder;
    }

    @Override
    public void read(RunPlan plan, Consumer<StepMetrics> each) {
        MetricsReader.read(RunFiles.metricsOf(folder.apply(plan.run())), each);
    }

    @Override
    public SampleHistory samples(RunPlan plan) {
        return SampleLog.read(RunFiles.samplesOf(folder.apply(plan.run())));
    }

    @Override
    public List<GenerationView> generations(RunPlan plan) {
        return GenerationLog.read(RunFiles.generationsOf(folder.apply(plan.run())));
    }

    @Override
    public void keep(RunPlan plan, GenerationView generation) {
        GenerationLog.keep(folder.apply(plan.run()), generation);
    }
}
