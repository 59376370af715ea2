package io.flm.worker.evaluate;

import ai.djl.Device;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import io.flm.data.PictureSettings;
import io.flm.data.PictureSource;
import io.flm.data.Pictures;
import io.flm.data.PlainText;
import io.flm.data.RemotePath;
import io.flm.data.RemoteSettings;
import io.flm.data.SourceSettings;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.data.UserException;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.config.Keys;
import io.flm.worker.decode.Decoding;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.model.Precision;
import io.flm.worker.model.TextMasks;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.ScoringProgress;
import io.flm.worker.task.Task;
import io.flm.worker.task.TaskModel;
import io.flm.worker.task.TaskReport;
import io.flm.worker.task.TaskReport.Shown;
import io.flm.worker.torch.Torch;
import io.flm.worker.torch.WorkerSettings;
import io.flm.worker.train.Objectives;
import io.flm.worker.train.RunCheckpoints;
import io.flm.worker.train.RunData;
import io.flm.worker.train.ScoredData;
import io.flm.worker.train.Tasks;
import io.flm.worker.train.TrainSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * The weights of a checkpoint, ready to be asked: {@code flm evaluate}, {@code flm caption}, the end of {@code flm pretrain}.
 * Its settings are those that it was trained with. It belongs to the thread that loaded it.
 */
public final class TrainedModel implements AutoCloseable {
    /** What the weights were trained to be: with other values they would be read as something else. */
    private static final Pattern MEANING = Pattern.compile(
            "flm\\.(model\\.(?!dropout$).+|train\\.objective|task\\.(name|answers)|data\\.begin-token)");

    private static final int MOST_SHOWN = 60;

    private static final String EVAL_PATHS = "flm.data.eval-paths";
    private static final String TOKEN_FILE = "flm.data.remote.token-file";

    private final Checkpoint checkpoint;
    private final Config overrides;
    private final Config config;
    private final FlmModel model;
    private final Tokenizer tokenizer;
    private final Objective objective;
    private final CaptionFormat format;
    private final Consumer<String> note;

    private TrainedModel(
            Checkpoint checkpoint,
            Config overrides,
            Config config,
            FlmModel model,
            Tokenizer tokenizer,
            Consumer<String> note) {
        this.checkpoint = checkpoint;
        this.overrides = overrides;
        this.config = config;
        this.model = model;
        this.tokenizer = tokenizer;
        this.note = note;
        this.objective = TrainSettings.from(config).objective();
        TextLayout layout = new TextLayout(tokenizer.vocabulary(), config.getBoolean("flm.data.begin-token"));
        this.format = new CaptionFormat(layout, tokenizer::decode);
    }

    /**
     * Loads a checkpoint.
     *
     * @param runOrCheckpoint a run's folder, of which the newest whole checkpoint is taken, or a checkpoint's
     * @param overrides settings that differ from those of the run: {@code flm.evaluate}, {@code flm.worker}, paths
     * @param note is told what the user should know, a line each
     */
    public static TrainedModel load(Path runOrCheckpoint, Config overrides, Consumer<String> note) {
        Checkpoint checkpoint = CheckpointStore.find(runOrCheckpoint, note);
        requireOwnMeaning(checkpoint, overrides);
        return load(checkpoint, overrides, note);
    }

    private static TrainedModel load(Checkpoint checkpoint, Config overrides, Consumer<String> note) {
        Config config = Keys.known()
                .check(
                        overrides
                                .withFallback(SourceSettings.withoutData(
                                                checkpoint
                                                        .identity()
                                                        .config(checkpoint
                                                                .folder()
                                                                .toString()),
                                                overrides)
                                        .withoutPath("flm.data.remote")) // it is not for a checkpoint to say
                                .withFallback(ConfigFactory.defaultReference())
                                .resolve(),
                        checkpoint.folder().toString());
        Tokenizer tokenizer = Tokenizer.load(Path.of(config.getString("flm.data.tokenizer")));
        FlmModel model = null;
        try {
            checkpoint.requireTokenizer(tokenizer.sha256(), config.getString("flm.data.tokenizer"));
            Torch.prepareThread(config.getInt("flm.evaluate.threads"));
            Device device = WorkerSettings.from(config).found().get(0);
            model = new FlmModel(
                    ModelSettings.from(config).counting(tokenizer.vocabulary().positions()),
                    TrainSettings.from(config).objective().parts(),
                    new FlmModel.Compute(device, Precision.FP32, false));
            ParameterStore parameters = model.parameters();
            checkpoint.restoreWeights(
                    RunCheckpoints.layout(parameters), RunCheckpoints.sink(parameters, ParameterStore.Buffer.VALUES));
            return new TrainedModel(checkpoint, overrides, config, model, tokenizer, note);
        } catch (RuntimeException e) {
            if (model != null) {
                model.close();
            }
            tokenizer.close();
            throw e;
        }
    }

    /** @throws UserException where settings say of the weights what they were not trained for */
    private static void requireOwnMeaning(Checkpoint checkpoint, Config overrides) {
        Config trained = checkpoint
                .identity()
                .config(checkpoint.folder().toString())
                .withFallback(ConfigFactory.defaultReference())
                .resolve();
        Keys.known().byName().forEach((name, key) -> {
            if (MEANING.matcher(name).matches() && overrides.hasPath(name)) {
                Object there = key.domain().meaning(trained.getValue(name));
                Object here = key.domain().meaning(overrides.getValue(name));
                if (!there.equals(here)) {
                    throw new UserException(checkpoint.folder() + " was trained with " + name + " = " + shown(there)
                            + ", not " + shown(here) + "; leave that setting out, or give another checkpoint");
                }
            }
        });
    }

    private static String shown(Object value) {
        String text = value.toString();
        return PlainText.cut(text, MOST_SHOWN);
    }

    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /** The settings in force. */
    public Config config() {
        return config;
    }

    public long parameterCount() {
        return model.parameters().size();
    }

    /** The task that it was fine-tuned on; empty if it was pretrained only. */
    public Optional<Task> task() {
        return Tasks.of(config);
    }

    /**
     * Scores it on the task that it was fine-tuned on.
     *
     * @param annotations files; empty, and pictures too: those that the settings name
     * @param pictures where they are; empty: where the settings say
     */
    public TaskReport score(List<Path> annotations, List<Path> pictures, ScoringProgress progress) {
        Task task = task().orElseThrow(() -> new UserException(
                checkpoint.folder() + ": no task's model, it was pretrained only; fine-tune it on a task first"));
        boolean own = annotations.isEmpty() && pictures.isEmpty();
        List<Path> files = own ? RunData.paths(config, "flm.task.val") : annotations;
        List<Path> sources = pictures.isEmpty() ? RunData.paths(config, EVAL_PATHS) : pictures;
        Config reading = pictures.isEmpty() ? reading(EVAL_PATHS) : config;
        Optional<Checkpoint> first = FirstStage.of(config, note);
        progress.at(0, "reading");
        try (ScoredData data = ScoredData.open(task, files, sources, RemoteSettings.from(reading), note);
                TrainedModel likelihood = first.map(this::firstStage).orElse(null)) {
            TaskModel asked = asked(data.pictures());
            return data.scored()
                    .score(
                            likelihood == null ? asked : asked.withFirstStage(likelihood.asked(data.pictures())),
                            progress);
        }
    }

    /**
     * The settings by which data of a key are read. A checkpoint may be a stranger's, and the servers that it names his: the user's token
     * is shown to those alone that the user names.
     */
    private Config reading(String paths) {
        if (overrides.hasPath(paths) || config.getString(TOKEN_FILE).isEmpty()) {
            return config;
        }
        List<Path> named = paths.equals(EVAL_PATHS) ? RunData.paths(config, paths) : SourceSettings.paths(config);
        if (named.stream().anyMatch(RemotePath::isRemote)) {
            note.accept(checkpoint.folder()
                    + ": its own settings name the servers of the data, which are shown no token; where"
                    + " they are yours, name the data, too");
        }
        return config.withValue(TOKEN_FILE, ConfigValueFactory.fromAnyRef(""));
    }

    /** Loads the model that finds the candidates of a search. */
    private TrainedModel firstStage(Checkpoint first) {
        TrainedModel loaded = load(first, FirstStage.overrides(config, tokenizer.sha256(), first), note);
        if (!loaded.format.layout().beginToken()) {
            note.accept(
                    first.folder() + ": trained without flm.data.begin-token, so the likelihood of a text leaves its"
                            + " first word out");
        }
        return loaded;
    }

    /** As tasks ask it, about pictures of {@code source}. */
    private TaskModel asked(PictureSource source) {
        EvaluationSettings settings = EvaluationSettings.from(config);
        return new TaskModel(
                model,
                objective,
                format.layout(),
                tokenizer,
                Pictures.with(PictureSettings.from(config)),
                source,
                config.getInt("flm.data.max-tokens"),
                settings.batch(),
                settings.samples(),
                settings.seed());
    }

    /**
     * How it reads the texts of examples: as its task does, and as its pretraining would have done, as far as that hides anything else.
     * What pretraining draws follows from its seed and the example's key.
     *
     * @return of each example
     */
    public List<List<TextReading>> readings(List<Shown> examples) {
        Objective pretrained = Objectives.from(config.getConfig("flm.train"));
        long seed = config.getLong("flm.train.seed");
        try (TextMasks masks = new TextMasks(model.settings())) {
            TextReadings readings = new TextReadings(objective, pretrained, seed, format.layout(), tokenizer, masks);
            return examples.stream().map(readings::of).toList();
        }
    }

    /** Runs all measures on held-out samples; none given: those that the settings name. */
    public Report evaluate(List<Path> heldOut, ScoringProgress progress) {
        if (objective.parts().tokenHead() == null) {
            throw new UserException(checkpoint.folder() + ": was fine-tuned on " + objective.key()
                    + " and predicts no tokens any more; score it on that task");
        }
        HeldOutData data = heldOut.isEmpty()
                ? HeldOutData.of(reading(config.getStringList(EVAL_PATHS).isEmpty() ? "flm.data.paths" : EVAL_PATHS))
                : HeldOutData.of(heldOut, config);
        EvaluationSettings settings = EvaluationSettings.from(config);
        progress.at(0, "reading");
        HeldOut examples = new HeldOutReader(
                        tokenizer,
                        Pictures.with(PictureSettings.from(config)),
                        model.settings().imageSize(),
                        config.getInt("flm.data.max-tokens"),
                        format.layout().beginToken(),
                        note)
                .read(
                        data,
                        settings.samples(),
                        settings.seed(),
                        count -> progress.at(0, "reading, " + count + " samples"));
        return new Evaluation(new ModelScorer(model, objective), format, settings).run(examples, progress);
    }

    /**
     * A caption for each picture.
     *
     * @param maxTokens of a caption, with what it begins with and its end
     * @param captions takes them, in the order of the pictures
     * @param unreadable is told of each picture that cannot be read, and has no caption
     */
    public void caption(
            List<Path> images,
            Decoding decoding,
            int maxTokens,
            Consumer<PictureCaptions.Caption> captions,
            Consumer<UserException> unreadable) {
        if (!objective.hasLeftToRightStream()) {
            throw new UserException(checkpoint.folder() + ": a model of objective " + objective.key()
                    + " has no l2r stream to write captions with; give a model of one of "
                    + Objectives.withLeftToRightStream(config.getConfig("flm.train")));
        }
        int longest = model.settings().longestText();
        if (maxTokens > longest) {
            throw new UserException("captions of " + maxTokens + " tokens: the model of " + checkpoint.folder()
                    + " has positions for " + longest + " (flm.model.max-positions); ask for fewer");
        }
        if (!format.layout().beginToken()) {
            note.accept("trained without flm.data.begin-token: the l2r stream never learnt to choose a first word");
        }
        Pictures pictures = Pictures.with(PictureSettings.from(config));
        new PictureCaptions(
                        model, format, pictures, EvaluationSettings.from(config).batch())
                .write(images, decoding, maxTokens, captions, unreadable);
    }

    @Override
    public void close() {
        model.close();
        tokenizer.close();
    }
}
