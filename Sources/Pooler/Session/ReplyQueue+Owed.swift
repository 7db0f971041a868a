/// What a server owes, on its way to another process.
extension ReplyQueue {
    /// What it knows besides its entries.
    struct Flags: Equatable {
        var isSkippingToSync = false
        var isCopyingIn = false
        var hasIgnoredSync = false
        var isUncertain = false
        var isPipelineOpen = false
        var isBatchBegun = false
        /// Of the unsettled requests, those of batches whose Sync has been sent.
        var earlierNames = 0
        var earlierUnnamed = 0

        init() {}
    }

    /// As it was in another process.
    init(_ owed: [(request: Request, recipient: Recipient, effect: StatementEffect)], _ flags: Flags) {
        self.init()
        for (request, recipient, effect) in owed {
            if recipient == .madeUp { madeUpCount += 1 }
            if case .none = effect {
                entries.append(Entry(request: request, recipient: recipient, domain: .nothing, hasEffect: false))
            } else {
                appendWithEffect(request, recipient, effect)
            }
        }
        names.markEarlier(flags.earlierNames)
        unnamed.markEarlier(flags.earlierUnnamed)
        isSkippingToSync = flags.isSkippingToSync
        isCopyingIn = flags.isCopyingIn
        hasIgnoredSync = flags.hasIgnoredSync
        isUncertain = flags.isUncertain
        isPipelineOpen = flags.isPipelineOpen
        isBatchBegun = flags.isBatchBegun
    }

    /// All that is owed, for another process.
    var owed: [(request: Request, recipient: Recipient, effect: StatementEffect)] {
        var next = effects.startIndex
        return entries.map { entry in
            guard entry.hasEffect else { return (entry.request, entry.recipient, .none) }
            defer { next += 1 }
            return (entry.request, entry.recipient, effects[next])
        }
    }

    /// The rest of it.
    var flags: Flags {
        var flags = Flags()
        flags.isSkippingToSync = isSkippingToSync
        flags.isCopyingIn = isCopyingIn
        flags.hasIgnoredSync = hasIgnoredSync
        flags.isUncertain = isUncertain
        flags.isPipelineOpen = isPipelineOpen
        flags.isBatchBegun = isBatchBegun
        flags.earlierNames = names.earlier
        flags.earlierUnnamed = unnamed.earlier
        return flags
    }
}
