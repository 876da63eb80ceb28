package pagecheck

// bucket goes through the bucket in an element, and tells whether it can be one.
func (r *rover) bucket(p *page, sound bool, start int64, e element, name []byte) (good bool, err error) {
	r.path = append(r.path, name)
	defer func() { r.path = r.path[:len(r.path)-1] }()
	header, err := p.bytes(e.key+e.ksize, min(e.vsize, bucketSize), &r.scratch.value)
	if err != nil || e.vsize < bucketSize || p.inline {
		return false, nil
	}
	root, sequence := native.Uint64(header), native.Uint64(header[8:])
	if choice, err := r.v.Bucket(r.path, sequence); err != nil || choice != Enter {
		return choice != Refuse, err
	}
	if root != 0 {
		return true, r.tree(root, nil, nil, nil)
	}
	in, sound, ok := r.inline(p, sound, e)
	if !ok || !sound {
		if err := r.v.Lost(r.path, nil, nil); err != nil || !ok {
			return true, err
		}
	}
	return true, r.leaf(in, sound, start+e.key+e.ksize+bucketSize, nil, nil)
}

// inline returns the page inside of an element.
func (r *rover) inline(p *page, sound bool, e element) (in *page, isSound, ok bool) {
	size := e.vsize - bucketSize
	if size < headerSize || size > p.file.pageSize {
		return nil, false, false
	}
	var buf []byte
	head, err := p.bytes(e.key+e.ksize+bucketSize, size, &buf)
	if err != nil {
		return nil, false, false
	}
	in = &page{file: p.file, id: p.id, inline: true, head: head, length: size}
	in.header()
	if sound { // it was checked with its page
		return in, true, true
	}
	if in.flags == leafFlag && in.elementsEnd() <= size {
		if _, err := in.check(nil, nil, &r.scratch); err == nil {
			return in, true, true
		}
	}
	in.flags = leafFlag
	in.count = min(in.count, int(size-headerSize)/elementSize)
	return in, false, true
}
