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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.AgentInvoker;
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
final class Wire implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Wire.class);

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

    private static final long LAST_WORDS_NS = MILLISECONDS.toNanos(50);

    private final ExchangeSettings settings;
    private final NetworkSizes sizes;
    private final DriverDirectory directory;
    private final MediaDriver driver;
    private final Aeron aeron;
    private final @Nullable AgentInvoker driverInvoker;
    private final AgentInvoker clientInvoker;
    private final Subscription gradients;
    private final Subscription control;
    private final String endpoint;
    private final Counts counts;
    private final Thread thread;
    private final ConcurrentLinkedQueue<WireMeeting> arriving = new ConcurrentLinkedQueue<>();
    private volatile boolean closing;

    /** A cycle of this wire's work is done by whoever holds it. */
    private final ReentrantLock duty = new ReentrantLock();

    private final AtomicBoolean helped = new AtomicBoolean();

    // Below: of whoever is on duty.
    private long lastCycleNs = System.nanoTime();
    private boolean ended;
    private final List<WireMeeting> meetings = new ArrayList<>(); // the newest last
    private final Map<String, Link> links = new HashMap<>(); // by endpoint
    private final FrameReader frame = new FrameReader();
    private final ControlledFragmentHandler gradientHandler =
            (buffer, offset, length, header) -> onFragment(GRADIENTS, buffer, offset, length, image(header));
    private final ControlledFragmentHandler controlHandler =
            (buffer, offset, length, header) -> onFragment(CONTROL, buffer, offset, length, image(header));
    private final ControlledMessageHandler ringHandler =
            (type, buffer, offset, length) -> onFragment(GRADIENTS, buffer, offset, length, null) == Action.ABORT
                    ? ControlledMessageHandler.Action.ABORT
                    : ControlledMessageHandler.Action.CONTINUE;
    private long stoodStillUntilNs = Long.MIN_VALUE;
    private long stoodStillNs;
    private boolean linksAreStale;

    /** The streams to one other node. */
    static final class Link {
        final String endpoint;
        final ExclusivePublication gradients;
        final ExclusivePublication control;

        Link(String endpoint, ExclusivePublication gradients, ExclusivePublication control) {
            this.endpoint = endpoint;
            this.gradients = gradients;
            this.control = control;
        }

        boolean isConnected() {
            return gradients.isConnected() && control.isConnected();
        }
    }

    static Wire open(ExchangeSettings settings, Counts counts) throws ExchangeException {
        DriverDirectory directory = DriverDirectory.open(settings.directory());
        MediaDriver driver = null;
        Aeron aeron = null;
        try {
            NetworkSizes sizes = NetworkSizes.of(settings);
            driver = MediaDriver.launch(driverContext(settings, sizes, directory));
            AgentInvoker invoker = driver.sharedAgentInvoker();
            Aeron.Context context = new Aeron.Context()
                    .aeronDirectoryName(directory.aeron().toString())
                    .useConductorAgentInvoker(true)
                    .driverTimeoutMs(HOURS.toMillis(24))
                    .errorHandler(Wire::onError);
            if (invoker != null) {
                context.driverAgentInvoker(invoker);
            }
            aeron = Aeron.connect(context);
            return new Wire(settings, sizes, directory, driver, aeron, counts);
        } catch (RegistrationException e) {
            close(aeron, driver, directory);
            throw new ExchangeException(
                    settings.host() + ":" + settings.port() + ": cannot listen (" + firstLine(e)
                            + "); set flm.exchange.host to an address of this machine and flm.exchange.port to a free port, or 0",
                    e);
        } catch (RuntimeException e) {
            close(aeron, driver, directory);
            throw new ExchangeException(
                    directory.path() + ": the exchange's transport does not start (" + firstLine(e)
                            + "); look for room in flm.exchange.directory",
                    e);
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
                .publicationUnblockTimeoutNs(2 * forever)
                .errorHandler(Wire::onError);
    }

    private static BackoffIdleStrategy nap() {
        return new BackoffIdleStrategy(0, 20, SHORT_NAP_NS, LONG_NAP_NS);
    }

    private static void onError(Throwable error) {
        if (error instanceof StorageSpaceException) {
            LOG.warn("{}: give flm.exchange.directory more room", error.getMessage());
        } else {
            LOG.debug("transport: {}", error.toString());
        }
    }

    private static String firstLine(Throwable e) {
        String message = String.valueOf(e.getMessage());
        return message.lines().findFirst().orElse(e.toString());
    }

    private static void close(@Nullable Aeron aeron, @Nullable MediaDriver driver, DriverDirectory directory) {
        CloseHelper.quietCloseAll(aeron, driver, directory);
    }

    private Wire(
            ExchangeSettings settings,
            NetworkSizes sizes,
            DriverDirectory directory,
            MediaDriver driver,
            Aeron aeron,
            Counts counts) {
        this.settings = settings;
        this.sizes = sizes;
        this.directory = directory;
        this.driver = driver;
        this.aeron = aeron;
        this.counts = counts;
        this.driverInvoker = driver.sharedAgentInvoker();
        this.clientInvoker = aeron.conductorAgentInvoker();
        String host = settings.host().contains(":") ? "[" + settings.host() + "]" : settings.host();
        // The tag makes both streams share one port, also where the kernel chooses it.
        this.control = aeron.addSubscription("aeron:udp?tags=1|endpoint=" + host + ":" + settings.port(), CONTROL);
        this.gradients = aeron.addSubscription("aeron:udp?tags=1", GRADIENTS);
        this.endpoint = host + ":" + boundPort();
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

    String endpoint() {
        return endpoint;
    }

    ExchangeSettings settings() {
        return settings;
    }

    Counts counts() {
        return counts;
    }

    /** Takes a meeting into the thread's care, until it is done. */
    void attach(WireMeeting meeting) {
        arriving.add(meeting);
        wake();
    }

    void wake() {
        LockSupport.unpark(thread);
    }

    /** Opens the streams to a node, or gives those that are open. */
    Link link(String to) {
        Link link = links.get(to);
        if (link == null || link.gradients.isClosed() || link.control.isClosed()) {
            String channel = "aeron:udp?endpoint=" + to;
            link = new Link(
                    to,
                    aeron.addExclusivePublication(channel, GRADIENTS),
                    aeron.addExclusivePublication(
                            channel + "|term-length=" + Math.min(sizes.term(), 1 << 20), CONTROL));
            links.put(to, link);
        }
        return link;
    }

    /** Closes the streams to a node that is lost: what they still hold is of no use. */
    void unlink(Link link) {
        links.remove(link.endpoint, link);
        link.gradients.revoke();
        link.control.revoke();
    }

    /** How long this process stood still a moment ago, or 0: then it is no wonder that others seem silent. */
    long stoodStillMs() {
        return System.nanoTime() < stoodStillUntilNs ? stoodStillNs / 1_000_000 : 0;
    }

    private void run() {
        String reason = "the node was closed";
        try {
            long lastWorked = System.nanoTime();
            while (!closing || !isQuiet()) {
                if (helped.get()) {
                    LockSupport.parkNanos(LONG_NAP_NS); // or until the help ends
                    lastWorked = System.nanoTime();
                } else if (cycle() > 0) {
                    lastWorked = System.nanoTime();
                } else {
                    idle(System.nanoTime() - lastWorked);
                }
            }
            sendLastWords();
        } catch (RuntimeException | Error e) {
            LOG.error("the exchange's thread ended", e);
            reason = "the exchange's thread ended: " + e;
        } finally {
            duty.lock();
            try {
                ended = true; // a trainer that helps has nothing to do any more
                takeArriving();
                for (WireMeeting meeting : meetings) {
                    meeting.fail(reason);
                }
                close(aeron, driver, directory);
            } finally {
                duty.unlock();
            }
        }
    }

    /** One cycle of everything; how much there was to do. */
    private int cycle() {
        duty.lock();
        try {
            long now = System.nanoTime();
            noticePause(now - lastCycleNs, now);
            lastCycleNs = now;
            return ended ? 0 : work(now);
        } finally {
            duty.unlock();
        }
    }

    /**
     * Does this thread's work in the caller, which must hold no meeting's monitor, until {@code enough}, or there was nothing to
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

    /** Whether every meeting has said all that others wait for. */
    private boolean isQuiet() {
        duty.lock();
        try {
            takeArriving();
            return meetings.isEmpty();
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
        for (WireMeeting meeting = arriving.poll(); meeting != null; meeting = arriving.poll()) {
            meetings.add(meeting);
        }
    }

    private int work(long now) {
        int work = invokeDriver();
        if (!arriving.isEmpty()) {
            takeArriving();
            keepLinksOf(meetings.get(meetings.size() - 1).deal());
        }
        for (int index = meetings.size() - 1; index >= 0; index--) {
            WireMeeting meeting = meetings.get(index);
            work += meeting.work(now);
            if (meeting.isDone(now)) {
                meetings.remove(index);
            }
        }
        work += poll(control, controlHandler);
        work += poll(gradients, gradientHandler);
        return work;
    }

    private void keepLinksOf(Deal deal) {
        for (Link link : List.copyOf(links.values())) {
            if (linksAreStale || !deal.endpoints().contains(link.endpoint)) {
                links.remove(link.endpoint);
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

    /** What the rings of a meeting are read with. */
    ControlledMessageHandler ringHandler() {
        return ringHandler;
    }

    /** Whether a node is on this machine, by the address that it is reached at. */
    boolean isNear(String to) {
        return settings.sharedMemory() && host(to).equals(host(endpoint));
    }

    private static String host(String at) {
        return at.substring(0, at.lastIndexOf(':'));
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
        WireMeeting meeting = whole ? meeting(frame.generation()) : null;
        if (meeting == null) {
            (whole ? counts.otherGeneration : counts.corrupt).increment();
            return Action.CONTINUE;
        }
        if (!meeting.onFrame(stream, image, frame)) {
            return Action.ABORT;
        }
        counts.framesReceived.increment();
        counts.bytesReceived.add(length);
        return Action.CONTINUE;
    }

    private @Nullable WireMeeting meeting(long generation) {
        for (WireMeeting meeting : meetings) {
            if (meeting.deal().generation() == generation) {
                return meeting;
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
                interrupted = true; // bounded by the meetings' own limits
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    boolean isRunning() {
        return thread.isAlive();
    }
}
