package io.flm.launch.node;

import ai.djl.Device;
import akka.actor.typed.ActorSystem;
import com.typesafe.config.Config;
import io.flm.data.DataSettings;
import io.flm.data.Ingest;
import io.flm.data.RemotePath;
import io.flm.data.StageCount;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.data.UserException;
import io.flm.exchange.Codec;
import io.flm.exchange.ExchangeNode;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.DataRoots;
import io.flm.launch.config.NodeSettings;
import io.flm.launch.config.Presets;
import io.flm.launch.run.FreeMemory;
import io.flm.launch.run.HeldOutShare;
import io.flm.launch.run.MemoryNeed;
import io.flm.launch.run.MetricsLog;
import io.flm.launch.run.RunFiles;
import io.flm.launch.run.SampleLog;
import io.flm.launch.tensorboard.TensorBoardLog;
import io.flm.worker.BlockingTrainer;
import io.flm.worker.RunPlan;
import io.flm.worker.StepMetrics;
import io.flm.worker.StepResult;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointSettings;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.checkpoint.CheckpointWriter;
import io.flm.worker.checkpoint.RunIdentity;
import io.flm.worker.evaluate.HeldOutValidation;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.torch.Torch;
import io.flm.worker.torch.WorkerSettings;
import io.flm.worker.train.RunCheckpoints;
import io.flm.worker.train.RunData;
import io.flm.worker.train.Tasks;
import io.flm.worker.train.TrainSettings;
import io.flm.worker.train.Trainer;
import io.flm.worker.train.Validation;
import io.flm.worker.weights.InitialWeights;
import io.flm.worker.weights.WeightSource;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A run as one node has it: what its workers share, made from the plan's configuration, and the run's folder here. */
final class NodeRun implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeRun.class);

    private final String id;
    private final TrainSettings train;
    private final ModelSettings model;
    private final int threads;
    private final Codec codec;
    private final Tokenizer tokenizer;
    private final RunData samples;
    private final Ingest ingest;
    private final RunCheckpoints runCheckpoints;
    private final Validation validation;
    private final MetricsLog metrics;
    private final SampleLog shown;
    private final Optional<TensorBoardLog> tensorBoard;
    private volatile boolean unsaved; // since a checkpoint failed that nobody asked for
    private final Deque<Runnable> closings = new ArrayDeque<>(); // of what is open, the last first

    /**
     * Opens data and checkpoints.
     *
     * @param folder the run's, on this node
     * @param home this program's folder
     * @param roots whose files the plan may name
     * @param cpuWorkers workers of this node that compute on CPUs
     * @throws UserException where the plan cannot be carried out here
     */
    NodeRun(RunPlan plan, Path folder, Path home, DataRoots roots, int cpuWorkers, LongSupplier nanoTime) {
        id = plan.id();
        Configuration configuration = Configuration.builder()
                .text(plan.config(), "run " + plan.run(), home)
                .build();
        Config config = roots.withOwn(configuration.config());
        roots.require(config); // whichever node it was submitted to
        train = TrainSettings.from(config);
        threads = WorkerSettings.from(config).threads();
        codec = NodeSettings.exchange(config).codec();
        if (cpuWorkers > 0) { // which lanes they get is not known yet: one each is certain
            new MemoryNeed(config, new MemoryNeed.Layout(1, cpuWorkers, 1, false, false))
                    .check(FreeMemory.ofThisProcess())
                    .ifPresent(LOG::info);
        }
        DataSettings data = DataSettings.from(config);
        try {
            tokenizer = Tokenizer.load(Path.of(config.getString("flm.data.tokenizer")));
            closings.push(tokenizer::close);
            model = ModelSettings.from(config).counting(tokenizer.vocabulary().positions());
            requireRoom(data);
            samples = RunData.open(config, LOG::info);
            closings.push(samples::close);
            requireHeldOut(data);
            ingest = Ingest.open(
                    samples.examples(),
                    samples.pictures(),
                    tokenizer,
                    data,
                    train.objective().corruption(new TextLayout(tokenizer.vocabulary(), data.beginToken())),
                    model.imageSize(),
                    train.lanes(),
                    train.microBatch(),
                    train.seed());
            closings.push(ingest::close);
            CheckpointSettings checkpoints = CheckpointSettings.from(config);
            RunFiles.belongTo(folder, plan, configuration);
            CheckpointStore store = new CheckpointStore(folder.resolve(CheckpointStore.FOLDER), checkpoints);
            Optional<Checkpoint> origin = plan.resume() ? store.newestValid(LOG::warn) : Optional.empty();
            Optional<Checkpoint> from = origin.isPresent()
                            || config.getString("flm.checkpoint.from").isEmpty()
                    ? Optional.empty()
                    : Optional.of(CheckpointStore.find(Path.of(config.getString("flm.checkpoint.from")), LOG::info));
            if (Tasks.of(config).isPresent()) {
                from.ifPresent(c -> c.requireTokenizer(tokenizer.sha256(), config.getString("flm.data.tokenizer")));
            }
            Optional<InitialWeights> weights =
                    origin.isPresent() || from.isPresent() ? Optional.empty() : initialWeights(config, folder);
            Map<String, String> contents =
                    new TreeMap<>(Map.of(RunIdentity.DATA, samples.sha256(), "tokenizer", tokenizer.sha256()));
            origin.map(c -> c.identity()
                            .contents()
                            .get(RunIdentity.FROM)) // what it began with does not change any more
                    .or(() -> from.map(Checkpoint::weightsSha256))
                    .ifPresent(sha256 -> contents.put(RunIdentity.FROM, sha256));
            origin.map(c -> c.identity().contents().get(RunIdentity.INIT)) // nor does this
                    .or(() -> weights.map(InitialWeights::sha256))
                    .ifPresent(sha256 -> contents.put(RunIdentity.INIT, sha256));
            RunIdentity wanted = RunIdentity.of(config, contents);
            RunIdentity identity = origin.map(
                            c -> resumed(c, wanted, config.getStringList("flm.checkpoint.accept"), folder))
                    .orElse(wanted);
            runCheckpoints =
                    new RunCheckpoints(store, checkpoints, identity, origin, from, weights, train, this::onCheckpoint);
            closings.push(runCheckpoints::close);
            validation = HeldOutValidation.from(config, tokenizer, model.imageSize(), LOG::warn);
            metrics =
                    new MetricsLog(RunFiles.metricsOf(folder), train.objective().headNames(), nanoTime);
            closings.push(metrics::close);
            shown = new SampleLog(RunFiles.samplesOf(folder));
            tensorBoard = config.getBoolean("flm.run.tensorboard")
                    ? Optional.of(new TensorBoardLog(
                            RunFiles.tensorBoardOf(folder),
                            RemotePath.withoutQueries(configuration.render()),
                            Clock.systemUTC()))
                    : Optional.empty();
            tensorBoard.ifPresent(log -> closings.push(log::close));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** What the run begins with, and says so in its folder. */
    private Optional<InitialWeights> initialWeights(Config config, Path folder) {
        List<WeightSource> sources = WeightSource.from(config);
        if (sources.isEmpty()) {
            return Optional.empty();
        }
        InitialWeights weights =
                InitialWeights.open(sources, model, train.objective().parts(), tokenizer.vocabulary());
        closings.push(weights::close);
        RunFiles.write(
                folder.resolve(RunFiles.INITIAL_WEIGHTS), weights.report().whole());
        return Optional.of(weights);
    }

    private void requireRoom(DataSettings data) {
        if (tokenizer.size() > model.vocabulary()) {
            throw new UserException("flm.model.vocabulary = " + model.vocabulary() + ", but the tokenizer has "
                    + tokenizer.size() + " tokens; give at least so many");
        }
        if (data.maxTokens() > model.longestText()) {
            throw new UserException("flm.data.max-tokens = " + data.maxTokens() + ", but flm.model.max-positions = "
                    + model.maxPositions() + " has room for " + model.longestText()
                    + " tokens of this tokenizer's kind; lower the one or raise the other");
        }
    }

    /** Told now, not when the run has ended. Which share was asked for is not known here; the default one never is. */
    private void requireHeldOut(DataSettings data) {
        new HeldOutShare(data, samples.heldOut(), samples.examples().size())
                .check(data.holdOut() != Presets.HOLD_OUT)
                .ifPresent(LOG::info);
    }

    /** Says in the log and in the run's folder what differs from here on. */
    private static RunIdentity resumed(Checkpoint checkpoint, RunIdentity wanted, List<String> accept, Path folder) {
        RunIdentity before = checkpoint.identity();
        RunIdentity now = before.resumed(wanted, accept, checkpoint.folder().toString(), checkpoint.step());
        List<String> changes = before.changesTo(wanted);
        if (!changes.isEmpty()) {
            LOG.info("{} goes on with other settings: {}", checkpoint.folder(), String.join(", ", changes));
        }
        before.otherRates(wanted).ifPresent(LOG::warn);
        List<String> followed =
                now.changes().subList(before.changes().size(), now.changes().size());
        followed.forEach(change -> LOG.warn("the weights follow from here on: {}", change));
        if (!now.changes().isEmpty()) {
            RunFiles.tellChanges(folder, now.changes());
        }
        return now;
    }

    String id() {
        return id;
    }

    /** Makes the trainer of one device, on its own thread. */
    BlockingTrainer newTrainer(Device device, ExchangeNode exchange, ActorSystem<?> system) {
        Torch.prepareThread(threads);
        FlmModel flm = new FlmModel(
                model, train.objective().parts(), new FlmModel.Compute(device, train.precision(), train.recompute()));
        try {
            return new Trainer(train, flm, ingest, exchange, codec, runCheckpoints, validation, system);
        } catch (RuntimeException | Error e) {
            flm.close();
            throw e;
        }
    }

    /** What each stage of the data has done so far. */
    List<StageCount> dataStages() {
        return ingest.counters();
    }

    /** The samples that it could not use, each with the reason. */
    List<String> badSamples() {
        return ingest.badSamples();
    }

    /** A worker of this node committed a step as rank 0; called on its thread. */
    void onStep(StepResult result) {
        metrics.add(result);
        if (result.shown() != null) {
            shown.add(result.shown());
        }
        tensorBoard.ifPresent(
                log -> log.add(StepMetrics.of(result, train.objective().headNames())));
    }

    private void onCheckpoint(CheckpointWriter.Event event) {
        if (event instanceof CheckpointWriter.Event.Failed failed) {
            if (!unsaved) {
                LOG.warn("{}; training goes on without checkpoints until one can be written", failed.message());
            }
            unsaved = true;
        } else if (event instanceof CheckpointWriter.Event.Written written) {
            if (unsaved) {
                LOG.warn("checkpoints can be written again: {}", written.folder());
            }
            unsaved = false;
        }
    }

    @Override
    public void close() {
        closings.forEach(Runnable::run);
    }
}
