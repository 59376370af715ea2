package io.flm.launch.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import io.flm.coordinator.http.Submission;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.DataRoots;
import io.flm.launch.config.Hocon;
import io.flm.launch.config.NodeSettings;
import io.flm.launch.config.Settings;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Version;
import io.flm.worker.RunPlan;
import io.flm.worker.train.TrainSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.UUID;

/** Makes plans of runs that are submitted, once their configuration is known to be sound. */
public final class RunPlanner implements Submission.Planner {
    private final Path home;
    private final boolean encrypted;
    private final DataRoots roots;

    /**
     * @param home this program's folder
     * @param encrypted whether gradients travel encrypted, since control messages do, which carry the key
     * @param roots whose files a run may name
     */
    public RunPlanner(Path home, boolean encrypted, DataRoots roots) {
        this.home = home;
        this.encrypted = encrypted;
        this.roots = roots;
    }

    @Override
    public RunPlan plan(Submission submission) {
        try {
            return planned(submission);
        } catch (ConfigException e) {
            throw new UserException(Failure.of(e).line(), e);
        } catch (InvalidPathException e) {
            throw new UserException("configuration: no path: " + e.getMessage(), e);
        } catch (StackOverflowError e) {
            throw new UserException("configuration: nested too deeply", e);
        }
    }

    private RunPlan planned(Submission submission) {
        Configuration configuration = Configuration.builder()
                .text(submission.config(), "submitted", home)
                .build();
        Config config = configuration.config();
        Settings.checkRun(config);
        roots.require(config);
        String text = configuration.portable(home);
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > Hocon.MOST_BYTES) { // every worker gets it in one message
            throw new UserException("configuration: its " + bytes + " bytes are more than the " + Hocon.MOST_BYTES
                    + " that nodes tell each other; give folders of shards as flm.data.paths, not each shard");
        }
        TrainSettings train = TrainSettings.from(config);
        long limitMs = (long) (train.minutes() * 60_000);
        return new RunPlan(
                submission.run(),
                UUID.randomUUID().toString(),
                1,
                text,
                Version.number(),
                Map.of(),
                train.lanes(),
                train.steps(),
                limitMs > 0 ? Clock.systemUTC().millis() + limitMs : 0,
                Math.max(1, submission.minWorkers()),
                submission.maxWorkers(),
                NodeSettings.exchange(config).codec().toString(),
                encrypted,
                submission.resume(),
                RunPlan.Intent.RUN,
                "submitted",
                Map.of(),
                null);
    }
}
