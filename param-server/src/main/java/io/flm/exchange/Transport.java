package io.flm.exchange;

import static java.util.concurrent.TimeUnit.HOURS;
import static java.util.concurrent.TimeUnit.MICROSECONDS;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.exceptions.RegistrationException;
import io.aeron.exceptions.StorageSpaceException;
import io.aeron.logbuffer.ControlledFragmentHandler;
import io.aeron.logbuffer.ControlledFragmentHandler.Action;
import io.aeron.logbuffer.Header;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.ErrorHandler;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.ControlledMessageHandler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's transport: one media driver, two streams from each other node, shared memory with those of this machine, and the
 * thread that does everything: the driver's work, receiving, adding and sending. It sleeps when there is nothing to do, and the
 * trainer threads wake it. A trainer that waits for sums does the thread's work itself, see {@link #help}: what it waits for is
 * done sooner than another thread wakes up.
 */
final class Transport implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Transport.class);

    static final int GRADIENTS = 1;
    static final int CONTROL = 2;

    /** Messages taken from a stream before others have their turn. */
    private static final int FRAGMENTS = 8;

    /** Duty cycles of the driver before this thread looks at its own work; each moves one datagram a stream. */
    private static final int DRIVER_BURST = 4;

    // How this thread idles: answers to what it sends come within microseconds, gradients to send after a whole forward
    // pass.
    private static final long YIELD_NS = MICROSECONDS.toNanos(50);
    private static final long SHORT_NAPS_NS = MILLISECONDS.toNanos(5);
    private static final long SHORT_NAP_NS = MICROSECONDS.toNanos(20);
    private static final long LONG_NAP_NS = MILLISECONDS.toNanos(1);

    /** How long a trainer helps on with nothing to do, before it sleeps and this thread goes on. */
    private static final long HELP_NS = MILLISECONDS.toNanos(2);

    private static final int CONTROL_TERM = 1 << 20;

    /** Of terms, for a stream to another node and one from it. */
    private static final long BUFFERS = 2 * 3;

    /** What a node on this machine needs, whose gradients go by a ring. */
    private static final long NEAR_BYTES = 16 << 20;

    /** What the transport itself needs. */
    private static final long OWN_BYTES = 16 << 20;

    private static final long LAST_WORDS_NS = MILLISECONDS.toNanos(50);

    private final ExchangeSettings settings;
    private final NetworkSizes sizes;
    private final DriverDirectory directory;
    private final MediaDriver driver;
    private final Aeron aeron;
    private final Vitals vitals;
    private final @Nullable AgentInvoker driverInvoker;
    private final AgentInvoker clientInvoker;
    private final Subscription gradients;
    private final Subscription control;
    private final String address;
    private final LiveCounters counts;
    private final Thread thread;
    private final ConcurrentLinkedQueue<MultiNodeGroup> arriving = new ConcurrentLinkedQueue<>();
    private volatile boolean closing;
    private volatile boolean ended;
    private volatile String whyEnded = "";
    private final SecureRandom random = new SecureRandom();

    /** A cycle of this transport's work is done by whoever holds it. */
    private final ReentrantLock duty = new ReentrantLock();

    private final AtomicBoolean helped = new AtomicBoolean();

    // Below: of whoever is on duty.
    private long lastCycleNs = System.nanoTime();
    private final List<MultiNodeGroup> groups = new ArrayList<>(); // the newest last
    private final Map<Endpoint, Link> links = new HashMap<>();
    private final FrameReader frame = new FrameReader();
    private final ControlledFragmentHandler gradientHandler =
            (buffer, offset, length, header) -> onFragment(GRADIENTS, buffer, offset, length, image(header));
    private final ControlledFragmentHandler controlHandler =
            (buffer, offset, length, header) -> onFragment(CONTROL, buffer, offset, length, image(header));
    private final ControlledMessageHandler ringHandler =
            (type, buffer, offset, length) -> onFragment(GRADIENTS, buffer, offset, length, null) == Action.ABORT
                    ? ControlledMessageHandler.Action.ABORT
                    : ControlledMessageHandler.Action.CONTINUE;
    private @Nullable String givenUp;
    private long stoodStillUntilNs = Long.MIN_VALUE;
    private long stoodStillNs;
    private boolean linksAreStale;

    /** The streams to one other node. */
    static final class Link {
        final Endpoint to;
        final ExclusivePublication gradients;
        final ExclusivePublication control;

        Link(Endpoint to, ExclusivePublication gradients, ExclusivePublication control) {
            this.to = to;
            this.gradients = gradients;
            this.control = control;
        }

        boolean isConnected() {
            return gradients.isConnected() && control.isConnected();
        }
    }

    /**
     * Starts the transport.
     *
     * @param pass lets streams in
     */
    static Transport open(ExchangeSettings settings, String pass, LiveCounters counts) throws ExchangeException {
        DriverDirectory directory = DriverDirectory.open(settings.directory());
        String lack = lackOfRoom(directory.path(), OWN_BYTES);
        if (lack != null) {
            directory.close();
            throw new ExchangeException(lack);
        }
        MediaDriver driver = null;
        Aeron aeron = null;
        Vitals vitals = new Vitals();
        try {
            NetworkSizes sizes = NetworkSizes.of(settings);
            driver = MediaDriver.launch(driverContext(settings, sizes, directory)
                    .receiveChannelEndpointSupplier(
                            new StreamAuthenticator(pass, NetworkSizes.LONGEST_TERM, counts)::endpoint)
                    .conductorThreadFactory(vitals)
                    .senderThreadFactory(vitals)
                    .receiverThreadFactory(vitals)
                    .errorHandler(vitals));
            AgentInvoker invoker = driver.sharedAgentInvoker();
            Aeron.Context context = new Aeron.Context()
                    .aeronDirectoryName(directory.aeron().toString())
                    .useConductorAgentInvoker(true)
                    .driverTimeoutMs(HOURS.toMillis(24))
                    .errorHandler(vitals);
            if (invoker != null) {
                context.driverAgentInvoker(invoker);
            }
            aeron = Aeron.connect(context);
            return new Transport(settings, sizes, directory, driver, aeron, vitals, counts);
        } catch (RegistrationException e) {
            close(aeron, driver, directory);
            throw new ExchangeException(
                    settings.host() + ":" + settings.port() + ": cannot listen (" + firstLine(e)
                            + "); set flm.exchange.host to an address of this machine and flm.exchange.port to a free"
                            + " port, or 0",
                    e);
        } catch (RuntimeException | InternalError e) { // the latter where memory that was promised is not there
            close(aeron, driver, directory);
            throw new ExchangeException(
                    directory.path() + ": the exchange's transport does not start (" + firstLine(e)
                            + "); look for room in flm.exchange.directory",
                    e);
        }
    }

    /**
     * What to do where a folder has no room for so many bytes; null: it has. Memory that is promised and not there when it is first
     * written ends the process without a word.
     */
    static @Nullable String lackOfRoom(Path folder, long bytes) {
        try {
            long usable = Files.getFileStore(folder).getUsableSpace();
            return usable >= bytes
                    ? null
                    : folder + ": " + (usable >> 20) + " MiB of room, and the exchange may need " + (bytes >> 20)
                            + " MiB; give it more (docker run --shm-size=1g), or set flm.exchange.directory";
        } catch (IOException e) {
            return folder + ": " + e + "; set flm.exchange.directory";
        }
    }

    private static MediaDriver.Context driverContext(
            ExchangeSettings settings, NetworkSizes sizes, DriverDirectory directory) {
        long livenessNs = settings.livenessTimeout().toNanos();
        long forever = HOURS.toNanos(24); // client and driver live and die together, even if stopped for a while
        return new MediaDriver.Context()
                .aeronDirectoryName(directory.aeron().toString())
                .warnIfDirectoryExists(false)
                .threadingMode(
                        settings.threading() == ExchangeSettings.Threading.SHARED
                                ? ThreadingMode.INVOKER
                                : ThreadingMode.DEDICATED)
                .conductorIdleStrategy(nap())
                .senderIdleStrategy(nap())
                .receiverIdleStrategy(nap())
                .asyncExecutorEnabled(false)
                .mtuLength(sizes.mtu())
                .initialWindowLength(sizes.window())
                .publicationTermBufferLength(sizes.term())
                .socketRcvbufLength(sizes.socketBuffer())
                .socketSndbufLength(sizes.socketBuffer())
                .termBufferSparseFile(true)
                .lowStorageWarningThreshold(0)
                .counterValuesBufferLength(1 << 20) // some thousand streams
                .timerIntervalNs(livenessNs / 20)
                .imageLivenessTimeoutNs(livenessNs)
                .publicationConnectionTimeoutNs(livenessNs)
                .statusMessageTimeoutNs(Math.min(MILLISECONDS.toNanos(100), livenessNs / 10))
                .publicationLingerTimeoutNs(livenessNs)
                .clientLivenessTimeoutNs(forever)
                .publicationUnblockTimeoutNs(2 * forever);
    }

    private static BackoffIdleStrategy nap() {
        return new BackoffIdleStrategy(0, 20, SHORT_NAP_NS, LONG_NAP_NS);
    }

    /** What is known of driver and client: their errors, after most of which they go on, and the driver's own threads. */
    private static final class Vitals implements ErrorHandler, ThreadFactory {
        private volatile String lastError = "no error was told";
        private volatile boolean terminated;
        private final List<Thread> threads = new CopyOnWriteArrayList<>();

        @Override
        public Thread newThread(Runnable task) {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            threads.add(thread);
            return thread;
        }

        boolean isAlive() {
            return !terminated && threads.stream().allMatch(Thread::isAlive);
        }

        @Override
        public void onError(Throwable error) {
            if (error instanceof StorageSpaceException) {
                LOG.warn("{}: give flm.exchange.directory more room", error.getMessage());
            } else {
                LOG.debug("transport", error);
            }
            if (error instanceof AgentTerminationException) {
                terminated = true;
            } else if (!terminated) {
                lastError = firstLine(error);
            }
        }
    }

    /** Aeron's messages go on with a stack trace. */
    static String firstLine(Throwable e) {
        String message = String.valueOf(e.getMessage());
        return message.lines().findFirst().orElse(e.toString());
    }

    private static void close(@Nullable Aeron aeron, @Nullable MediaDriver driver, DriverDirectory directory) {
        CloseHelper.quietCloseAll(aeron, driver, directory);
    }

    private Transport(
            ExchangeSettings settings,
            NetworkSizes sizes,
            DriverDirectory directory,
            MediaDriver driver,
            Aeron aeron,
            Vitals vitals,
            LiveCounters counts) {
        this.settings = settings;
        this.sizes = sizes;
        this.directory = directory;
        this.driver = driver;
        this.aeron = aeron;
        this.vitals = vitals;
        this.counts = counts;
        this.driverInvoker = driver.sharedAgentInvoker();
        this.clientInvoker = aeron.conductorAgentInvoker();
        String host = settings.host().contains(":") ? "[" + settings.host() + "]" : settings.host();
        // The tag makes both streams share one port, also where the kernel chooses it.
        this.control = aeron.addSubscription("aeron:udp?tags=1|endpoint=" + host + ":" + settings.port(), CONTROL);
        this.gradients = aeron.addSubscription("aeron:udp?tags=1", GRADIENTS);
        this.address = host + ":" + boundPort();
        this.thread = new Thread(this::run, "exchange");
        thread.setDaemon(true);
        thread.start();
    }

    private int boundPort() {
        String bound = control.resolvedEndpoint();
        for (int attempt = 0; bound == null && attempt < 1000; attempt++) {
            invokeDriver();
            LockSupport.parkNanos(MILLISECONDS.toNanos(1));
            bound = control.resolvedEndpoint();
        }
        if (bound == null) {
            throw new IllegalStateException("the transport does not say which port it has");
        }
        return Integer.parseInt(bound.substring(bound.lastIndexOf(':') + 1));
    }

    /** Where it listens, as {@code host:port}. */
    String address() {
        return address;
    }

    ExchangeSettings settings() {
        return settings;
    }

    LiveCounters counts() {
        return counts;
    }

    /** Takes a group into the thread's care, until it is done. */
    void attach(MultiNodeGroup group) {
        arriving.add(group);
        wake();
        if (ended) { // meanwhile: nobody takes it any more
            group.failHere(whyEnded);
        }
    }

    void wake() {
        LockSupport.unpark(thread);
    }

    /** Opens the streams to a node, or gives those that are open. */
    Link link(Endpoint to) {
        Link link = links.get(to);
        if (link == null || link.gradients.isClosed() || link.control.isClosed()) {
            String lack =
                    lackOfRoom(directory.path(), isNear(to) ? NEAR_BYTES : BUFFERS * (sizes.term() + CONTROL_TERM));
            if (lack != null) {
                throw new StorageSpaceException(lack);
            }
            link = new Link(
                    to, stream(to, GRADIENTS, sizes.term()), stream(to, CONTROL, Math.min(sizes.term(), CONTROL_TERM)));
            links.put(to, link);
        }
        return link;
    }

    /** Its first term id is its ticket at the other's {@link StreamAuthenticator}. */
    private ExclusivePublication stream(Endpoint to, int stream, int term) {
        int session = random.nextInt();
        int ticket = StreamAuthenticator.ticket(to.pass(), stream, session);
        return aeron.addExclusivePublication(
                "aeron:udp?endpoint=" + to.address() + "|term-length=" + term + "|session-id=" + session
                        + "|init-term-id=" + ticket + "|term-id=" + ticket + "|term-offset=0",
                stream);
    }

    /** Closes the streams to a node that is lost: what they still hold is of no use. */
    void unlink(Link link) {
        links.remove(link.to, link);
        link.gradients.revoke();
        link.control.revoke();
    }

    /** How long this process stood still a moment ago, or 0: then it is no wonder that others seem silent. */
    long stoodStillMs() {
        return System.nanoTime() < stoodStillUntilNs ? stoodStillNs / 1_000_000 : 0;
    }

    private void run() {
        try {
            long lastWorked = System.nanoTime();
            while (!ended && (!closing || !isQuiet())) {
                if (helped.get()) {
                    LockSupport.parkNanos(LONG_NAP_NS); // or until the help ends
                    lastWorked = System.nanoTime();
                } else if (cycle() > 0) {
                    lastWorked = System.nanoTime();
                } else {
                    idle(System.nanoTime() - lastWorked);
                }
            }
            if (!ended) {
                sendLastWords();
            }
        } catch (RuntimeException | Error e) {
            LOG.error("the exchange's thread ended", e);
            giveUp("its thread ended: " + firstLine(e));
        } finally {
            end("the node was closed");
        }
    }

    /**
     * This node's transport is of no use any more: all that is under way here fails, as this node's failure, and {@link
     * ExchangeNode} opens another one for the next generation. Called on duty.
     */
    void giveUp(String why) {
        givenUp = givenUp == null ? why : givenUp;
    }

    private void end(String reason) {
        duty.lock();
        try {
            if (ended) {
                return;
            }
            close(aeron, driver, directory);
            String why = givenUp;
            whyEnded = "this node's exchange ended, " + (why == null ? reason : why);
            ended = true;
            takeArriving();
            for (MultiNodeGroup group : groups) {
                if (why == null) {
                    group.fail(reason);
                } else {
                    group.failHere(whyEnded);
                }
            }
        } finally {
            duty.unlock();
        }
    }

    /** For a test that closes it behind this transport's back. */
    Aeron client() {
        return aeron;
    }

    /** Says whether driver and client do their work, each may have closed itself, and gives up where not. Called on duty. */
    boolean requireAlive() {
        boolean alive = isAlive();
        if (!alive) {
            giveUp("its transport closed itself: " + vitals.lastError);
        }
        return alive;
    }

    private boolean isAlive() {
        return vitals.isAlive()
                && !aeron.isClosed()
                && !clientInvoker.isClosed()
                && (driverInvoker == null || !driverInvoker.isClosed());
    }

    /** One cycle of everything; how much there was to do. */
    private int cycle() {
        duty.lock();
        try {
            long now = System.nanoTime();
            noticePause(now - lastCycleNs, now);
            lastCycleNs = now;
            if (ended) {
                return 0; // a trainer that helps has nothing to do any more
            }
            int work = work(now);
            requireAlive();
            if (givenUp != null) {
                LOG.error("the exchange ends: {}", givenUp);
                end("");
            }
            return work;
        } catch (RuntimeException | Error e) { // of the driver or the client: what they do next is not to be relied on
            LOG.error("the exchange ends", e);
            giveUp("it failed: " + firstLine(e));
            end("");
            return 0;
        } finally {
            duty.unlock();
        }
    }

    /**
     * Does this thread's work in the caller, which must hold no group's monitor, until {@code enough}, or there was nothing to
     * do for a while.
     */
    void help(BooleanSupplier enough) {
        if (closing || !helped.compareAndSet(false, true)) {
            return;
        }
        try {
            long lastWorked = System.nanoTime();
            while (!enough.getAsBoolean() && System.nanoTime() - lastWorked < HELP_NS) {
                if (cycle() > 0) {
                    lastWorked = System.nanoTime();
                } else {
                    idle(System.nanoTime() - lastWorked);
                }
            }
        } finally {
            helped.set(false);
            wake();
        }
    }

    /** What was said last is in the transport's buffers, and may not be on its way yet. */
    private void sendLastWords() {
        long end = System.nanoTime() + LAST_WORDS_NS;
        while (System.nanoTime() < end && !links.isEmpty()) {
            if (invokeDriver() == 0) {
                LockSupport.parkNanos(SHORT_NAP_NS);
            }
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // On a shared core the other end may need this one to answer.
    private static void idle(long idleNs) {
        if (idleNs < YIELD_NS) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(idleNs < SHORT_NAPS_NS ? SHORT_NAP_NS : LONG_NAP_NS);
        }
    }

    private void noticePause(long pauseNs, long now) {
        long livenessNs = settings.livenessTimeout().toNanos();
        if (pauseNs > livenessNs / 2) {
            stoodStillNs = pauseNs;
            stoodStillUntilNs = now + 2 * livenessNs;
            linksAreStale = true; // others may have closed their ends; the next generation begins with new streams
            LOG.warn("this process stood still for {} ms", pauseNs / 1_000_000);
        }
    }

    /** Whether every group has said all that others wait for. */
    private boolean isQuiet() {
        duty.lock();
        try {
            takeArriving();
            return groups.isEmpty();
        } finally {
            duty.unlock();
        }
    }

    private int invokeDriver() {
        int work = clientInvoker.invoke();
        if (driverInvoker != null) {
            int moved = 1;
            for (int cycle = 0; cycle < DRIVER_BURST && moved > 0; cycle++) {
                moved = driverInvoker.invoke();
                work += moved;
            }
        }
        return work;
    }

    private void takeArriving() {
        for (MultiNodeGroup group = arriving.poll(); group != null; group = arriving.poll()) {
            groups.add(group);
        }
    }

    private int work(long now) {
        int work = invokeDriver();
        if (!requireAlive()) {
            return work;
        }
        if (!arriving.isEmpty()) {
            takeArriving();
            keepLinksOf(groups.get(groups.size() - 1).spec());
        }
        for (int index = groups.size() - 1; index >= 0; index--) {
            MultiNodeGroup group = groups.get(index);
            work += group.work(now);
            if (group.isDone(now)) {
                groups.remove(index);
            }
        }
        work += poll(control, controlHandler);
        work += poll(gradients, gradientHandler);
        return work;
    }

    private void keepLinksOf(GroupSpec spec) {
        for (Link link : List.copyOf(links.values())) {
            if (linksAreStale || !spec.endpoints().contains(link.to.text())) {
                links.remove(link.to);
                link.gradients.close();
                link.control.close();
            }
        }
        linksAreStale = false;
    }

    private static int poll(Subscription subscription, ControlledFragmentHandler handler) {
        int fragments = 0;
        for (Image image : subscription.images()) {
            fragments += image.controlledPoll(handler, FRAGMENTS);
        }
        return fragments;
    }

    private static Image image(Header header) {
        return (Image) header.context();
    }

    /** What the rings of a group are read with. */
    ControlledMessageHandler ringHandler() {
        return ringHandler;
    }

    /** Whether a node is on this machine, by the address that it is reached at. */
    boolean isNear(Endpoint to) {
        return settings.sharedMemory()
                && to.host().equals(Endpoint.parse(address).host());
    }

    /** A ring for one of so many receivers, or null where there is no room. */
    @Nullable SharedRing ring(int receivers) {
        return SharedRing.create(directory.path(), receivers);
    }

    /** The ring that another node of this machine offers, or null. */
    @Nullable SharedRing openRing(String name) {
        return settings.sharedMemory() ? SharedRing.open(directory.users(), name) : null;
    }

    private Action onFragment(int stream, DirectBuffer buffer, int offset, int length, @Nullable Image image) {
        boolean whole = frame.wrap(buffer, offset, length);
        MultiNodeGroup group = whole ? group(frame.generation()) : null;
        if (group == null) {
            (whole ? counts.otherGeneration : counts.corrupt).increment();
            return Action.CONTINUE;
        }
        if (!group.onFrame(stream, image, frame)) {
            return Action.ABORT;
        }
        counts.framesReceived.increment();
        counts.bytesReceived.add(length);
        return Action.CONTINUE;
    }

    private @Nullable MultiNodeGroup group(long generation) {
        for (MultiNodeGroup group : groups) {
            if (group.spec().generation() == generation) {
                return group;
            }
        }
        return null;
    }

    /** Waits, within the liveness timeout, until what others need of this node is there, and ends. */
    @Override
    public void close() {
        closing = true;
        wake();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true; // bounded by the groups' own limits
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    boolean isRunning() {
        return !ended;
    }

    /** Why it does not run. */
    String whyEnded() {
        return whyEnded;
    }
}
